"""Run the same number of waiting tasks with 20, 200 and 2,000 in progress."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.figures import Series
from benchmarks.lab.experiment import node_file, python_module, run_program
from benchmarks.lab.floor import AGAIN
from benchmarks.lab.serving import serving
from benchmarks.rounds import interleave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.lab.experiment import Lab

#: The article's number. Each task waits this long for the other service.
TASKS, WAIT_MS = 1800, 5
LIMITS = (20, 200, 2000)
SECONDS = 30


def measure(lab: Lab) -> list[Series]:
    commands = {"waiting": partial(_waiting_server, WAIT_MS), "slow waiting": partial(_waiting_server, WAIT_MS + lab.planted_ms)}
    with serving(lab, commands) as servers:
        ports = {name: server.port + 1 for name, server in servers.items()}
        return list(_measure_limits(lab, ports["waiting"], ports["slow waiting"]))


def _waiting_server(wait_ms: int, port: int) -> list[str]:
    return node_file("io/waiting-server.ts", port, wait_ms)


def _measure_limits(lab: Lab, port: int, slow_port: int) -> Iterator[Series]:
    for limit in LIMITS:
        title = f"{TASKS:,} tasks that wait {WAIT_MS} ms each, {limit:,} at once"
        lab.say(title)
        commands = {
            "Node": node_file("io/tasks.ts", port, TASKS, limit),
            "Python, asyncio": python_module("io.tasks_asyncio", port, TASKS, limit),
            "Python, threads": python_module("io.tasks_threads", port, TASKS, limit),
            f"Node{AGAIN}": node_file("io/tasks.ts", port, TASKS, limit),
            f"Python, asyncio{AGAIN}": python_module("io.tasks_asyncio", port, TASKS, limit),
        }
        if lab.planted_ms and limit == LIMITS[0]:
            commands["Node, slowed"] = node_file("io/tasks.ts", slow_port, TASKS, limit)
        turns = {name: partial(run_program, command, SECONDS) for name, command in commands.items()}
        yield Series(f"at-{limit}", title, interleave(turns, lab.rounds, lab.say))
