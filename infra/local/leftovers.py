"""Processes that an earlier demo had to leave when it was killed. Each carries our mark in its environment: nothing else is touched."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.settings import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from infra.local.settings import Settings

STOP_SECONDS = 14
KILL_SECONDS = 2


def find_marked(run: Path) -> list[int]:
    """Gives the processes that were started for this run folder. Where there is no /proc none is found."""
    mark = os.fsencode(f"{MARK}={run}")
    return [pid for pid in map(int, filter(str.isdigit, _names(Path("/proc")))) if pid != os.getpid() and mark in _environment(pid)]


def stop_leftovers(settings: Settings, say: Callable[[str], None]) -> None:
    """Ask them to end, and kill those that don't."""
    found = find_marked(settings.run)
    if not found:
        return
    say(f"stopping {len(found)} processes that an earlier run had to leave")
    _signal(found, signal.SIGTERM)
    _wait_for_end(settings.run, STOP_SECONDS)
    kill_marked(settings.run)


def kill_marked(run: Path) -> None:
    """Ends at once whatever still runs."""
    found = find_marked(run)
    if found:
        _signal(found, signal.SIGKILL)
        _wait_for_end(run, KILL_SECONDS)


def _signal(pids: Iterable[int], signum: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signum)


def _wait_for_end(run: Path, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while find_marked(run) and time.monotonic() < ends:
        time.sleep(0.05)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  names only, and /proc changes meanwhile
    except OSError:
        return []


def _environment(pid: int) -> list[bytes]:
    """Gives a process's variables, none if it has ended or is somebody else's. A zombie has none either."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
