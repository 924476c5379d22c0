"""Ask the same route whose model runs in Node's process, behind gRPC and behind HTTP with JSON."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from benchmarks.figures import Series
from benchmarks.lab.floor import AGAIN
from benchmarks.lab.http.measure import SCRIPT
from benchmarks.lab.offload.servers import models, node
from benchmarks.lab.serving import closed_loop
from benchmarks.rounds import interleave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Figures
    from benchmarks.lab.experiment import Lab
    from benchmarks.lab.serving import Server

MODEL_MS = (0, 10)
BYTES = (100, 20_000)
CONNECTIONS = (1, 16)


def measure(lab: Lab) -> list[Series]:
    commands = {"in process": node("loop"), f"in process{AGAIN}": node("loop")}
    with models(lab, commands, {"behind gRPC": "grpc", "behind HTTP with JSON": "http"}) as servers:
        return list(_surface(lab, servers))


def _surface(lab: Lab, servers: dict[str, Server]) -> Iterator[Series]:
    cells = product(MODEL_MS, BYTES[:1] if lab.planted_ms else BYTES, CONNECTIONS)
    for milliseconds, size, connections in cells:
        title = f"A model of {milliseconds} ms, {size:,} bytes, {connections} at once"
        lab.say(title)
        query = f"ms={milliseconds}&bytes={size}"
        turns = {name: partial(_turn, lab, f"{server.url}/model?{query}", connections) for name, server in servers.items()}
        yield Series(f"{milliseconds}-ms-{size}-{connections}", title, interleave(turns, lab.rounds, lab.say))


def _turn(lab: Lab, url: str, connections: int) -> Figures:
    figures = closed_loop(url, SCRIPT, connections, max(1, round(lab.turn_seconds)))
    return {"mean_ms": figures.pop("mean_ms"), **figures}
