"""`make watch` prints the frames of the socket until its reader closes the pipe."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from harness.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from harness.gateway import GatewayDriver


def test_watching_ends_without_an_error_when_the_reader_closes_the_pipe(root: Path, gateway: GatewayDriver) -> None:
    command = [sys.executable, "-m", "infra.local.watch", str(gateway.port), "jobs"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout
        assert watching.stderr
        assert json.loads(watching.stdout.readline())["type"] == "welcome"

        watching.stdout.close()

        def has_ended() -> bool:
            gateway.start_job("export", limit=1)
            return watching.poll() is not None

        eventually(has_ended, within=30, every=0.2)
        assert (watching.returncode, watching.stderr.read()) == (0, "")
