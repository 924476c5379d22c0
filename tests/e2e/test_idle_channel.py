"""An idle gRPC channel of the gateway to a real recommender sends only pings."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from harness.stack import node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.stack import Stack

#: A server that limits pings accepts two that come too early.
PINGS = 5
SCRIPT = """
import { openChannel } from './src/clients/recommender/channel.ts'
setInterval(() => {}, 1000)
openChannel(process.argv[1], () => {}).recommender.waitForReady(Infinity, () => {})
"""


@pytest.fixture
def idle_channel(stack: Stack, root: Path) -> Iterator[Iterator[str]]:
    """Yield the lines of gRPC's trace of a channel without calls."""
    command = [node(), "--input-type=module", "--eval", SCRIPT, "--", stack.grpc_address]
    environment = {**os.environ, "GRPC_VERBOSITY": "DEBUG", "GRPC_TRACE": "keepalive,transport"}
    with subprocess.Popen(command, cwd=root / "gateway_node", env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        yield iter(process.stderr)
        process.kill()


def test_an_idle_channel_may_ping(idle_channel: Iterator[str]) -> None:
    answered = 0
    while answered < PINGS:
        line = next(idle_channel)
        assert "GOAWAY" not in line, line
        answered += "Received ping response" in line
