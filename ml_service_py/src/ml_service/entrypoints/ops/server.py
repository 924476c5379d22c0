"""HTTP for operators inside recommender and worker: the probes that both have, and the server."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST
from uvicorn import Config, Server

from ml_service.entrypoints.ops.access import install_access
from ml_service.entrypoints.ops.hosts import AllowedHosts, install_host_check
from ml_service.entrypoints.ops.problem import install_problems
from ml_service.entrypoints.ops.reader_metrics import describe_readers
from ml_service.entrypoints.process.runtime import UnusablePort

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence

    from fastapi import FastAPI
    from pydantic import SecretStr

    from ml_service.entrypoints.process.runtime import Readiness, Stopping
    from ml_service.ports.messaging import LogReader

STOP_SECONDS = 2


def build_probes_api(title: str, readiness: Readiness, render_metrics: Callable[[], bytes], readers: Mapping[str, LogReader]) -> FastAPI:
    """Return an API with nothing but the probes, and the problem format for errors."""
    app = FastAPIOffline(title=title, description="Internal. The public API is the gateway's.", redoc_url=None)
    install_problems(app)
    app.include_router(probes(readiness, render_metrics, readers))
    return app


def probes(readiness: Readiness, render_metrics: Callable[[], bytes], readers: Mapping[str, LogReader]) -> APIRouter:
    """Return `/healthz` (asks no other service), `/readyz` (names the missing conditions) and `/metrics` (for Prometheus).

    `/readyz` shows the `readers`, but they are no condition: without the log, the last known histories still give answers.
    """
    router = APIRouter(tags=["probes"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        status = "ready" if readiness.is_ready else "not ready"
        answer = {"status": status, "missing": readiness.missing, "readers": describe_readers(readers)}
        return JSONResponse(answer, status_code=200 if readiness.is_ready else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(render_metrics(), media_type=CONTENT_TYPE_LATEST)

    return router


@dataclass(frozen=True, slots=True)
class OpsAddress:
    """Where the HTTP for operators listens, its token, and its allowed hosts. For port 0, the system chooses one."""

    host: str
    port: int
    token: SecretStr | None = None
    allowed_hosts: Sequence[str] = ()


@asynccontextmanager
async def serve_ops(app: FastAPI, address: OpsAddress, stopping: Stopping) -> AsyncIterator[int]:
    """Serve callers with the token on this event loop during the block; yield the port. Raise UnusablePort for a taken one."""
    install_access(app, address.host, address.token.get_secret_value() if address.token else None)
    # The middleware that is installed last runs first, so the host is checked before the token.
    install_host_check(app, AllowedHosts(address.host, address.allowed_hosts))
    server = _QuietServer(Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=STOP_SECONDS))
    with _listen(address.host, address.port) as listener:
        serving = server.serve(sockets=[listener])
        async with stopping.running(serving, "HTTP for operators", lambda: setattr(server, "should_exit", True)):
            yield listener.getsockname()[1]


def _listen(host: str, port: int) -> socket.socket:
    try:
        if ":" in host:
            # `::` includes the machine's IPv4 addresses, as it does for gRPC.
            return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=socket.has_dualstack_ipv6())
        return socket.create_server((host, port))
    except OSError as error:
        raise UnusablePort(f"Port {port} of {host} can't be listened on: {error.strerror}") from error


class _QuietServer(Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # The process has its own signal handler. Uvicorn's handler would raise the signals again after serving.
        yield
