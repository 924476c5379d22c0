"""The gateway's channel stays idle before a real recommender, and only pings."""

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

#: A recommender that takes a ping for one too many forgives two of them.
PINGS = 5
SCRIPT = """
import { openChannel } from './src/clients/recommender/channel.ts'
setInterval(() => {}, 1000)
openChannel(process.argv[1], () => {}).recommender.waitForReady(Infinity, () => {})
"""


@pytest.fixture
def idle_channel(stack: Stack, root: Path) -> Iterator[Iterator[str]]:
    """What gRPC tells of a channel that nobody calls over, line by line."""
    command = [node(), "--input-type=module", "--eval", SCRIPT, "--", stack.grpc_address]
    environment = {**os.environ, "GRPC_VERBOSITY": "DEBUG", "GRPC_TRACE": "keepalive,transport"}
    with subprocess.Popen(command, cwd=root / "gateway_node", env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        yield iter(process.stderr)
        process.kill()


def test_an_idle_channel_pings_and_is_not_refused_for_it(idle_channel: Iterator[str]) -> None:
    answered = 0
    while answered < PINGS:
        line = next(idle_channel)
        assert "GOAWAY" not in line, line
        answered += "Received ping response" in line
