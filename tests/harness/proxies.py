"""A proxy that refuses every request, in the environment of all tests, so that a client that wrongly uses a proxy fails at once."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Nothing listens on this port of the loopback interface.
DEAD_PROXY = "http://127.0.0.1:9"
LOWER_CASE = ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy", "ws_proxy", "wss_proxy")
PROXIES = (*LOWER_CASE, *map(str.upper, LOWER_CASE))
EXCEPTIONS = ("no_proxy", "NO_PROXY", "no_grpc_proxy")
VARIABLES = (*PROXIES, *EXCEPTIONS)

#: This machine's own proxies, for package installs and the download of the data set.
OF_THE_MACHINE = {name: os.environ[name] for name in VARIABLES if name in os.environ}


def dead_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that lead every client that reads proxy settings, Node's too, to the dead proxy."""
    # The container engine may run on another machine, which is reached through the real proxy.
    engine = urlsplit(environment.get("DOCKER_HOST", "")).hostname or ""
    return dict.fromkeys(PROXIES, DEAD_PROXY) | dict.fromkeys(EXCEPTIONS, engine) | {"NODE_USE_ENV_PROXY": "1"}


def use_dead_proxies() -> None:
    os.environ.update(dead_proxies(os.environ))


def without_proxies() -> dict[str, str]:
    """Return the environment without proxies, for a foreign program that has no option to ignore them."""
    return {name: value for name, value in os.environ.items() if name not in VARIABLES}


@contextmanager
def proxies_of_the_machine() -> Iterator[None]:
    """Restore the machine's own proxies while a `with` block runs."""
    kept = {name: os.environ.pop(name) for name in VARIABLES if name in os.environ}
    os.environ.update(OF_THE_MACHINE)
    try:
        yield
    finally:
        for name in OF_THE_MACHINE:
            del os.environ[name]
        os.environ.update(kept)
