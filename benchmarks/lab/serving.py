"""Servers of the lab: start them together, and read the processor time and the memory of each with its child processes."""

from __future__ import annotations

import re
import resource
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

from benchmarks.contenders.processes import Contender
from benchmarks.loads import DIRECT, OVERTIME_SECONDS, run
from benchmarks.rounds import LoadFailed
from benchmarks.stand import running
from harness.ports import free_ports
from harness.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.figures import Figures
    from benchmarks.lab.experiment import Lab

    #: Returns the command of a server that listens on the port.
    Command = Callable[[int], Sequence[str]]


class Server(Contender):
    def __init__(self, name: str, command: Command, lab: Lab, variables: Mapping[str, str] | None = None) -> None:
        (self.port,) = free_ports(1)
        settings = {"PYTHONPATH": str(ROOT), **DIRECT, **(variables or {})}
        super().__init__(name.replace(" ", "-").replace(",", ""), command(self.port), self.port, lab.folder, settings)

    def _tree(self) -> list[psutil.Process]:
        root = psutil.Process(self.pid)
        return [root, *root.children(recursive=True)]

    @property
    def cpu_seconds(self) -> float:
        times = [process.cpu_times() for process in self._tree()]
        return sum(one.user + one.system for one in times)

    @property
    def memory_mb(self) -> float:
        """Return the memory of all processes. A page that several share counts once (PSS)."""
        return sum(process.memory_full_info().pss for process in self._tree()) / 1e6


@contextmanager
def serving(lab: Lab, commands: Mapping[str, Command], variables: Mapping[str, str] | None = None) -> Iterator[dict[str, Server]]:
    """Run a server for each command until the block ends."""
    servers = {name: Server(name, command, lab, variables) for name, command in commands.items()}
    with ExitStack() as stack:
        stack.enter_context(running(servers.values()))
        yield servers


def under_load(server: Server, load: Callable[[], Figures], seconds: float) -> Figures:
    """Put the load on a server. Add its processor time for each answer, its memory, and the load generator's part of a core."""
    memory_before = server.memory_mb
    before, generator_before = server.cpu_seconds, _children_seconds()
    figures = load()
    with suppress(ZeroDivisionError):
        figures["cpu_us"] = (server.cpu_seconds - before) / figures["answered"] * 1e6
    figures["memory_mb"] = server.memory_mb
    figures["grown_mb"] = figures["memory_mb"] - memory_before
    figures["generator_core"] = (_children_seconds() - generator_before) / seconds
    return figures


def _children_seconds() -> float:
    """Return the processor time of all child processes that have ended: load generators do, servers don't."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def closed_loop(url: str, script: str, connections: int, seconds: int) -> Figures:
    """Send requests over the connections with wrk, each with one in flight."""
    wrk = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "5s"]
    return {**run([*wrk, "--script", script, url], seconds), "in_flight": connections}


def closed_loop_by_h2load(url: str, connections: int, seconds: int) -> Figures:
    """Send the same requests with h2load. Its mean is that of the answers as they came: wrk adds what a server's pause may have hidden."""
    command = ["h2load", "--h1", "--threads", "1", "--clients", str(connections), "--duration", str(seconds), url]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + OVERTIME_SECONDS).stdout
    sent = re.search(r"([\d.]+) req/s", printed)
    counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", printed)
    times = re.search(r"time for request: +(\S+) +\S+ +(\S+)", printed)
    if not sent or not counts or not times:
        raise LoadFailed(f"h2load printed no figures: {printed}")
    return {
        "per_second": float(sent[1]),
        "mean_ms": _milliseconds(times[2]),
        "lowest_ms": _milliseconds(times[1]),
        "answered": float(counts[1]),
        "failed": float(counts[2]) + float(counts[3]),
        "in_flight": connections,
    }


def _milliseconds(text: str) -> float:
    """Read a time of h2load, such as `12.5ms` or `380us`."""
    value = text.rstrip("mus")
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[text.removeprefix(value)]
