"""Ask a cheap route at a fixed rate while other requests make the model compute."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.figures import Series
from benchmarks.lab.floor import AGAIN
from benchmarks.lab.offload.servers import models, node, python
from benchmarks.loads import open_loop
from benchmarks.rounds import interleave

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Figures
    from benchmarks.lab.experiment import Lab
    from benchmarks.lab.serving import Server

#: Two fifths of a core, in many short computations or in a few long ones: the milliseconds of one, and how many a second.
COMPUTATIONS = {"beside-short": (5, 80), "beside-heavy": (50, 8)}
HEAVY_MS = COMPUTATIONS["beside-heavy"][0]
CHEAP_PER_SECOND = 100
#: A whole run has six rounds. Two thirds of them are enough here: the effects are large.
PART_OF_ROUNDS = 2 / 3


def measure(lab: Lab) -> list[Series]:
    commands = {
        "Node, event loop": node("loop"),
        f"Node, event loop{AGAIN}": node("loop"),
        "Node, worker thread": node("worker"),
        "Python, event loop": python("loop"),
        "Python, threads": python("thread"),
        "Python, processes": python("process"),
    }
    (lab.folder / "cheap").write_text("GET\t/cheap\t\tnone\n", "utf-8")
    with models(lab, commands, {"Node, behind gRPC": "grpc", "Node, behind a queue": "queue"}) as servers:
        return [_series(lab, servers, name) for name in COMPUTATIONS]


def _series(lab: Lab, servers: dict[str, Server], name: str) -> Series:
    milliseconds, per_second = COMPUTATIONS[name]
    title = f"{CHEAP_PER_SECOND} cheap requests/s beside {per_second} computations/s of {milliseconds} ms"
    lab.say(title)
    (lab.folder / name).write_text(f"GET\t/model?ms={milliseconds}&bytes=100\t\tnone\n", "utf-8")
    turns = {contender: partial(_turn, lab, server, lab.folder / name, per_second) for contender, server in servers.items()}
    return Series(name, title, interleave(turns, max(1, round(lab.rounds * PART_OF_ROUNDS)), lab.say))


def _turn(lab: Lab, server: Server, computations: Path, per_second: int) -> Figures:
    seconds = max(2, round(lab.turn_seconds * 2))
    with ThreadPoolExecutor(1) as other:
        heavy = other.submit(open_loop, server.url, computations, per_second, seconds)
        cheap = open_loop(server.url, lab.folder / "cheap", CHEAP_PER_SECOND, seconds)
    return {"p99_ms": cheap.pop("p99_ms"), **cheap, "heavy_p50_ms": heavy.result()["p50_ms"]}
