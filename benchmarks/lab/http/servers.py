"""The commands that start the service, by framework."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.lab.experiment import node_file

if TYPE_CHECKING:
    from collections.abc import Sequence


def fastify(port: int, processes: int) -> Sequence[str]:
    return node_file("http/fastify-server.ts", port, processes)


def fastapi(port: int, processes: int) -> Sequence[str]:
    return uvicorn("http.fastapi_app:app", port, processes)


def starlette(port: int, processes: int) -> Sequence[str]:
    return uvicorn("http.starlette_app:app", port, processes)


def uvicorn(app: str, port: int, processes: int) -> Sequence[str]:
    quiet = ["--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", f"benchmarks.lab.{app}", "--port", str(port), "--workers", str(processes), *quiet]


FRAMEWORKS = {"Fastify": fastify, "FastAPI": fastapi, "Starlette": starlette}
