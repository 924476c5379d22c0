"""The commands that start the contenders."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.loads import module, program
from harness.ports import LOOPBACK, free_ports
from harness.processes import Process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Contender(Process):
    """A contender with an HTTP server on its own port."""

    def __init__(self, name: str, command: Sequence[str], port: int, logs: Path, variables: Mapping[str, str] | None = None) -> None:
        self.url = f"http://{LOOPBACK}:{port}"
        super().__init__(name, command, variables or {}, f"{self.url}/readyz", logs / f"{name}.log")


def limit(answers: Path, variables: Mapping[str, str], logs: Path, *, has_hooks: bool) -> Contender:
    (port,) = free_ports(1)
    hooks = ["hooks"] if has_hooks else []
    command = program("contenders/limit.ts", str(port), str(answers), *hooks)
    return Contender("limit-hooks" if has_hooks else "limit", command, port, logs, variables)


def fastapi(app: str, variables: Mapping[str, str], logs: Path) -> Contender:
    (port,) = free_ports(1)
    serve = [sys.executable, "-m", "uvicorn", f"benchmarks.contenders.fastapi_app:{app}", "--port", str(port)]
    return Contender(f"fastapi-{app}", [*serve, "--no-access-log", "--log-level", "warning"], port, logs, variables)


def fan_out(text: Path, logs: Path, variables: Mapping[str, str]) -> Contender:
    (port,) = free_ports(1)
    return Contender("fan-out", program("contenders/fan-out.ts", str(port), str(text)), port, logs, variables)


class Hybrid:
    """Two processes: the route in Node, the model in Python."""

    def __init__(self, kind: str, variables: Mapping[str, str], logs: Path) -> None:
        port, grpc_port = free_ports(2)
        self.grpc_address = f"{LOOPBACK}:{grpc_port}"
        route = Contender(f"hybrid-{kind}", program("contenders/hybrid.ts", str(port), self.grpc_address), port, logs)
        # The route is ready once a call to the model has succeeded, so its readiness covers both processes.
        model = Process(f"grpc-{kind}", module("grpc_server", str(grpc_port), kind), variables, route.ready_url, logs / f"grpc-{kind}.log")
        self.url = route.url
        self.processes = (model, route)
