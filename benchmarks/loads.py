"""Run load generators and read their figures: wrk for closed loops, our own programs for everything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rounds import LoadFailed
from harness.stack import node_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.figures import Figures

HERE = Path(__file__).parent
LOAD = HERE / "load"
#: A load ends by itself. If it doesn't, it is killed this long after its time.
OVERTIME_SECONDS = 60
#: A load never uses a proxy, even if NODE_USE_ENV_PROXY is set.
DIRECT = {"NODE_USE_ENV_PROXY": "0"}


def closed_loop(url: str, traffic: Path, connections: int, seconds: int) -> Figures:
    """Send requests over the connections, each with one in flight."""
    script = str(LOAD / "replay.lua")
    wrk = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "5s"]
    return run([*wrk, "--script", script, url, "--", str(traffic)], seconds)


def open_loop(url: str, traffic: Path, per_second: int, seconds: int) -> Figures:
    """Send at a constant rate, and measure each answer from the moment when its request was due."""
    return run(program("load/open-loop.ts", url, str(traffic), str(per_second), str(seconds)), seconds)


def program(name: str, *arguments: str) -> list[str]:
    return [*node_program(HERE / name), *arguments]


def module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.contenders.{name}", *arguments]


def run(command: Sequence[str], seconds: float, variables: Mapping[str, str] | None = None) -> Figures:
    """Run a load to its end and return the figures of its last line."""
    environment = {**os.environ, **DIRECT, **(variables or {})}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=seconds + OVERTIME_SECONDS)
    lines = ended.stdout.strip().splitlines()
    if ended.returncode != 0 or not lines:
        raise LoadFailed(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return _read(lines[-1])


class Crowd:
    """A process with many sockets. A fifth of them is open at first."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.open = int(self._next_figures()["open"])

    def open_rest(self) -> None:
        self._continue()
        self.open = int(self._next_figures()["open"])

    def first_to_last_ms(self, trigger: Callable[[], object]) -> float:
        """Call `trigger`, which sends one event, and return the time from the first socket that receives it to the last."""
        self._continue()
        self._next_figures()
        trigger()
        return self._next_figures()["first_to_last_ms"]

    def _continue(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def _next_figures(self) -> Figures:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise LoadFailed("the process with the sockets ended; its error output is above")
        return _read(line)


@contextmanager
def crowd_of(count: int, url: str, topic: str = "") -> Iterator[Crowd]:
    """Open sockets that are subscribed to the topic, until the block ends."""
    command = program("load/sockets.ts", url, str(count), topic)
    with subprocess.Popen(command, env={**os.environ, **DIRECT}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Crowd(process)
        finally:
            process.kill()


def _read(line: str) -> Figures:
    return {name: float(value) for name, value in json.loads(line).items()}
