"""Processes that a killed demo left. Each has our mark in its environment; no other process is touched."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from infra.local.settings import MARK

STOP_SECONDS = 14
KILL_SECONDS = 2


def find_marked(run: Path) -> list[int]:
    """Return the processes that were started for this run folder. A machine without /proc has none."""
    mark = os.fsencode(f"{MARK}={run}")
    processes = [process for process in Path("/proc").glob("[0-9]*") if mark in _environment(process)]
    return [int(process.name) for process in processes if process.name != str(os.getpid())]


def _environment(process: Path) -> list[bytes]:
    """Return the process's variables, none if it has ended or belongs to another user."""
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def stop_marked(run: Path, seconds: float = STOP_SECONDS) -> None:
    """Ask the processes to end, and kill those that still run after so many seconds."""
    for signum, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, KILL_SECONDS)):
        for pid in find_marked(run):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signum)
        ends = time.monotonic() + patience
        while find_marked(run) and time.monotonic() < ends:
            time.sleep(0.05)
