"""The `Host` check of the HTTP for operators: it refuses a page that points its own name at this machine (DNS rebinding).

Starlette's TrustedHostMiddleware answers 400 in plain text and reads no IPv6 address, so the check is made here.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from ml_service.entrypoints.ops.access import OPEN_PATHS, is_loopback
from ml_service.entrypoints.ops.problem import render_problem
from ml_service.errors import PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from fastapi import FastAPI, Request, Response

HOST_HEADER = re.compile(r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::\d{1,5})?", re.IGNORECASE)
SHOWN_LENGTH_MAX = 100


class AllowedHosts:
    """Loopback, the host that the port listens on, and the names in OPS_ALLOWED_HOSTS."""

    def __init__(self, listening_on: str, added: Iterable[str] = ()) -> None:
        self._names = {listening_on.lower(), *(name.lower() for name in added)}
        # Each address of the machine reaches such a port. DNS rebinding needs a name, so addresses are safe.
        self._has_every_address = _is_unspecified(listening_on)

    def __contains__(self, host_header: str) -> bool:
        found = HOST_HEADER.fullmatch(host_header)
        if found is None:
            return False
        name = (found["ipv6"] or found["name"]).lower()
        return is_loopback(name) or name in self._names or (self._has_every_address and _is_address(name))


def install_host_check(app: FastAPI, hosts: AllowedHosts) -> None:
    """Check all paths except the probes: platforms call those under any name, and they show no data of users."""

    @app.middleware("http")
    async def check(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        given = request.headers.getlist("host")
        if request.scope["path"] in OPEN_PATHS or (given and all(header in hosts for header in given)):
            return await answer(request)
        shown = ", ".join(given)[:SHOWN_LENGTH_MAX]
        detail = (
            f"The request's Host is `{shown}`, which isn't a name of this service. Use 127.0.0.1, or add the name to OPS_ALLOWED_HOSTS."
        )
        return await render_problem(request, PermissionDenied("HOST_REFUSED", detail))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_unspecified(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified
