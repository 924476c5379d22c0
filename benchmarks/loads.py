"""Runs what makes the load and reads its figures: wrk for closed loops, programs of ours for what it can't do."""

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
#: A load ends by itself; this is for one that doesn't.
PATIENCE_SECONDS = 60
#: A load never goes through a proxy, not even where NODE_USE_ENV_PROXY is set.
DIRECT = {"NODE_USE_ENV_PROXY": "0"}


def closed_loop(url: str, traffic: Path, connections: int, seconds: int) -> Figures:
    """As many requests as the connections carry, each with one in flight."""
    script = str(LOAD / "replay.lua")
    wrk = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "5s"]
    return run([*wrk, "--script", script, url, "--", str(traffic)], seconds)


def open_loop(url: str, traffic: Path, per_second: int, seconds: int) -> Figures:
    """A constant rate, each answer measured from the moment when its request was due."""
    return run(program("load/open-loop.ts", url, str(traffic), str(per_second), str(seconds)), seconds)


def program(name: str, *arguments: str) -> list[str]:
    return [*node_program(HERE / name), *arguments]


def module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.contenders.{name}", *arguments]


def run(command: Sequence[str], seconds: float, variables: Mapping[str, str] | None = None) -> Figures:
    """Runs a load to its end and gives its last line."""
    environment = {**os.environ, **DIRECT, **(variables or {})}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=seconds + PATIENCE_SECONDS)
    lines = ended.stdout.strip().splitlines()
    if ended.returncode != 0 or not lines:
        raise LoadFailed(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return _read(lines[-1])


class Crowd:
    """Sockets that listen until they are told to go. A fifth of them is open."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.open = int(self._told()["open"])

    def open_rest(self) -> None:
        self._go_on()
        self.open = int(self._told()["open"])

    def first_to_last_ms(self, trigger: Callable[[], object]) -> float:
        """Calls `trigger`, which sends one event, and waits until every socket has it."""
        self._go_on()
        self._told()
        trigger()
        return self._told()["first_to_last_ms"]

    def _go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def _told(self) -> Figures:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise LoadFailed("the sockets have ended; the reason stands above")
        return _read(line)


@contextmanager
def crowd_of(count: int, url: str, topic: str = "") -> Iterator[Crowd]:
    """Gives sockets, each subscribed to the topic."""
    command = program("load/sockets.ts", url, str(count), topic)
    with subprocess.Popen(command, env={**os.environ, **DIRECT}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Crowd(process)
        finally:
            process.kill()


def _read(line: str) -> Figures:
    return {name: float(value) for name, value in json.loads(line).items()}
