"""Access to the HTTP for operators: callers need the token. Probes need none, as platforms call them without one."""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING

from ml_service.entrypoints.ops.problem import render_problem
from ml_service.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI, Request, Response

OPEN_PATHS = frozenset({"/healthz", "/readyz"})


def install_access(app: FastAPI, host: str, token: str | None) -> None:
    """Protect all paths of the app, its documentation included. Without a token, only a loopback port is open."""
    if token is None and is_loopback(host):
        return

    @app.middleware("http")
    async def check(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        # Not `request.url`: it is built from the caller's `Host` header.
        if request.scope["path"] in OPEN_PATHS or _knows(request, token):
            return await answer(request)
        todo = "Set OPS_TOKEN, as other machines reach this port" if token is None else "Send this service's OPS_TOKEN"
        return await render_problem(request, Unauthenticated("TOKEN_INVALID", f"{todo}: `Authorization: Bearer ...`."))


def _knows(request: Request, token: str | None) -> bool:
    given = request.headers.get("authorization", "")
    # The comparison takes constant time, so that it doesn't reveal how much of a guess is right.
    return token is not None and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
