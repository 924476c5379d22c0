"""The recommender's server permits the pings of the gateway's gRPC channel."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from harness.stack import node
from ml_service.entrypoints.grpc.server import OPTIONS

if TYPE_CHECKING:
    from pathlib import Path

SERVER = dict(OPTIONS)


@pytest.fixture(scope="module")
def channel(root: Path) -> dict[str, int]:
    script = "import { channelOptions } from './src/clients/recommender/channel.ts'; console.log(JSON.stringify(channelOptions))"
    command = [node(), "--input-type=module", "--eval", script]
    printed = subprocess.run(command, cwd=root / "gateway_node", capture_output=True, text=True, check=True)
    return dict(json.loads(printed.stdout))


def test_the_gateway_pings_less_often_than_the_recommender_permits(channel: dict[str, int]) -> None:
    """With equal intervals, a ping that comes a moment early would count as one too many. Three of those end the connection."""
    permitted_ms = SERVER["grpc.http2.min_ping_interval_without_data_ms"]

    assert permitted_ms < channel["grpc.keepalive_time_ms"]


def test_both_keep_idle_connections_alive(channel: dict[str, int]) -> None:
    assert channel["grpc.keepalive_permit_without_calls"] == SERVER["grpc.keepalive_permit_without_calls"] == 1
