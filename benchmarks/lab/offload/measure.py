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
    from benchmarks.figures import Figures
    from benchmarks.lab.experiment import Lab
    from benchmarks.lab.serving import Server

#: Two fifths of a core.
HEAVY_PER_SECOND, HEAVY_MS = 8, 50
CHEAP_PER_SECOND = 100


def measure(lab: Lab) -> list[Series]:
    title = f"{CHEAP_PER_SECOND} cheap requests/s beside {HEAVY_PER_SECOND} heavy ones of {HEAVY_MS} ms"
    lab.say(title)
    commands = {
        "Node, event loop": node("loop"),
        f"Node, event loop{AGAIN}": node("loop"),
        "Node, worker thread": node("worker"),
        "Python, event loop": python("loop"),
        "Python, threads": python("thread"),
        "Python, processes": python("process"),
    }
    for name, path in {"cheap": "/cheap", "heavy": f"/model?ms={HEAVY_MS}&bytes=100"}.items():
        (lab.folder / name).write_text(f"GET\t{path}\t\tnone\n", "utf-8")
    with models(lab, commands, {"Node, behind gRPC": "grpc"}) as servers:
        turns = {name: partial(_turn, lab, server) for name, server in servers.items()}
        return [Series("beside-heavy", title, interleave(turns, lab.rounds, lab.say))]


def _turn(lab: Lab, server: Server) -> Figures:
    seconds = max(2, round(lab.turn_seconds * 2))
    with ThreadPoolExecutor(1) as other:
        heavy = other.submit(open_loop, server.url, lab.folder / "heavy", HEAVY_PER_SECOND, seconds)
        cheap = open_loop(server.url, lab.folder / "cheap", CHEAP_PER_SECOND, seconds)
    return {"p99_ms": cheap.pop("p99_ms"), **cheap, "heavy_p50_ms": heavy.result()["p50_ms"]}
