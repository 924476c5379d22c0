"""A command that runs with an engine is told to stop: nothing that it started goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil

from harness.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

RUN = """
import os, shlex, sys
from infra.images.commands import run_with_descendants
from infra.local.stopping import StopAsked, StopSignals
StopSignals().listen()
wait = f"{shlex.quote(sys.executable)} -c 'import os, signal; print(os.getpid(), flush=True); signal.pause()'"
try:
    run_with_descendants(["bash", "-c", f"{wait}; true"], os.environ)
except StopAsked:
    sys.exit(130)
"""


def test_sigterm_ends_what_the_command_started(root: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen([sys.executable, "-c", RUN], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = int(process.stdout.readline())

        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)

    assert code == 130
    eventually(lambda: not psutil.pid_exists(started), within=10, what="no process left")
