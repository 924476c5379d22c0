"""Ask the same route whose model runs in Node's process, behind gRPC, behind HTTP with JSON and behind a queue."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from benchmarks.figures import Series
from benchmarks.lab.floor import AGAIN
from benchmarks.lab.offload.servers import models, node
from benchmarks.lab.serving import closed_loop_by_h2load
from benchmarks.rounds import interleave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Figures
    from benchmarks.lab.experiment import Lab
    from benchmarks.lab.serving import Server

MODEL_MS = (0, 2, 10)
BYTES = (100, 20_000)
CONNECTIONS = (1, 16)
IN_PROCESS = "in process"
#: Each contender behind a hop, and the way to the model.
HOPS = {"behind gRPC": "grpc", "behind gRPC, in batches": "batch", "behind HTTP with JSON": "http", "behind a queue": "queue"}
#: A whole run has six rounds. Half of them are enough here: the effects are large, and there are many cells.
PART_OF_ROUNDS = 1 / 2
#: A contender that the lab doesn't run, and why.
EMBEDDED = (
    "Python embedded in Node: not measurable here. The installation of @platformatic/python-node 2.0.0 links its binary with the newest "
    "libpython on the machine instead of the one that runs the lab, and Node then can't load it."
)


def measure(lab: Lab) -> list[Series]:
    commands = {IN_PROCESS: node("loop"), f"{IN_PROCESS}{AGAIN}": node("loop")}
    with models(lab, commands, HOPS) as servers:
        return list(_surface(lab, servers))


def cell_name(milliseconds: int, size: int, connections: int) -> str:
    return f"{milliseconds}-ms-{size}-{connections}"


def _surface(lab: Lab, servers: dict[str, Server]) -> Iterator[Series]:
    cells = product(MODEL_MS, BYTES[:1] if lab.planted_ms else BYTES, CONNECTIONS)
    for milliseconds, size, connections in cells:
        title = f"A model of {milliseconds} ms, {size:,} bytes, {connections} at once"
        lab.say(title)
        query = f"ms={milliseconds}&bytes={size}"
        turns = {name: partial(_turn, lab, f"{server.url}/model?{query}", connections) for name, server in servers.items()}
        rounds = interleave(turns, max(1, round(lab.rounds * PART_OF_ROUNDS)), lab.say)
        yield Series(cell_name(milliseconds, size, connections), title, rounds, [EMBEDDED])


def _turn(lab: Lab, url: str, connections: int) -> Figures:
    figures = closed_loop_by_h2load(url, connections, max(1, round(lab.turn_seconds)))
    return {"mean_ms": figures.pop("mean_ms"), **figures}
