"""The commands that start the service, by framework."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.lab.experiment import node_file

if TYPE_CHECKING:
    from collections.abc import Sequence


def fastify(port: int, processes: int) -> Sequence[str]:
    return node_file("http/fastify-server.ts", port, processes)


def express(port: int, processes: int) -> Sequence[str]:
    return node_file("http/express-server.ts", port, processes)


def fastapi(port: int, processes: int) -> Sequence[str]:
    return uvicorn("http.fastapi_app:app", port, processes)


def starlette(port: int, processes: int) -> Sequence[str]:
    return uvicorn("http.starlette_app:app", port, processes)


def uvicorn(app: str, port: int, processes: int) -> Sequence[str]:
    quiet = ["--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", f"benchmarks.lab.{app}", "--port", str(port), "--workers", str(processes), *quiet]


def fastapi_gunicorn(port: int, processes: int) -> Sequence[str]:
    return gunicorn("http.fastapi_app:app", port, processes)


def starlette_gunicorn(port: int, processes: int) -> Sequence[str]:
    return gunicorn("http.starlette_app:app", port, processes)


def wsgi(port: int, processes: int) -> Sequence[str]:
    pool = ("--threads", "8", "--keep-alive", "60", "--worker-connections", "2000")
    return gunicorn("http.wsgi_app:app", port, processes, "gthread", *pool)


def gunicorn(app: str, port: int, processes: int, worker: str = "uvicorn_worker.UvicornWorker", *more: str) -> Sequence[str]:
    options = ["--bind", f"127.0.0.1:{port}", "--workers", str(processes), "--worker-class", worker, "--log-level", "warning", *more]
    return [sys.executable, "-m", "gunicorn", f"benchmarks.lab.{app}", *options]


FRAMEWORKS = {
    "Fastify": fastify,
    "Express": express,
    "FastAPI": fastapi,
    "FastAPI, gunicorn": fastapi_gunicorn,
    "Starlette": starlette,
    "Starlette, gunicorn": starlette_gunicorn,
    "WSGI, gunicorn": wsgi,
}
