"""Weight: the start-up time of an installed `make demo`, and the memory of the idle stack."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

from benchmarks import goals
from benchmarks.figures import Series
from benchmarks.rounds import LoadFailed, describe, interleave
from harness.ports import free_ports
from harness.stack import ROOT
from infra.local.ports import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.figures import Figures
    from benchmarks.schedule import Schedule

READY = re.compile(r"ready after ([\d.]+) s")
START_SECONDS = 180
STOP_SECONDS = 20
REST_SECONDS = 10
ROUNDS = 2


def measure(schedule: Schedule, say: Callable[[str], None]) -> Series:
    """Run the command in this checkout, on free ports. The first start may install and train, so it doesn't count."""
    title = "Weight: `make demo` warm, and the stack at rest"
    schedule.begin("weight", title)
    say(f"  warm-up: {describe(_demo(rest_seconds=0))}")
    return Series("weight", title, interleave({goals.GATEWAY: lambda: _demo(REST_SECONDS)}, ROUNDS, say, schedule))


def _demo(rest_seconds: float) -> Figures:
    with _running_demo() as demo:
        ready_after = _wait_until_ready(demo)
        threading.Event().wait(rest_seconds)
        return {"demo_seconds": ready_after, **_memory(demo.pid)}


@contextmanager
def _running_demo() -> Iterator[subprocess.Popen[str]]:
    ports = dict(zip(DEFAULTS, map(str, free_ports(len(DEFAULTS))), strict=True))
    command = [sys.executable, "-m", "infra.local", "demo"]
    variables = {**os.environ, **ports}
    with subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        try:
            yield demo
        finally:
            demo.terminate()
            with suppress(subprocess.TimeoutExpired):
                demo.communicate(timeout=STOP_SECONDS)


def _wait_until_ready(demo: subprocess.Popen[str]) -> float:
    assert demo.stdout is not None
    timeout = threading.Timer(START_SECONDS, demo.terminate)
    timeout.start()
    said: list[str] = []
    try:
        for line in demo.stdout:
            said.append(line)
            if found := READY.search(line):
                return float(found[1])
    finally:
        timeout.cancel()
    raise LoadFailed(f"`make demo` isn't ready:\n{''.join(said[-10:])}")


def _memory(pid: int) -> Figures:
    """Return the memory of all processes. PSS counts a page that several share once, RSS counts it in each."""
    demo = psutil.Process(pid)
    used = [process.memory_full_info() for process in (demo, *demo.children(recursive=True))]
    return {"rest_mb": sum(one.pss for one in used) / 1e6, "rest_rss_mb": sum(one.rss for one in used) / 1e6, "processes": len(used)}
