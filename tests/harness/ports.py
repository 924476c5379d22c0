"""Free ports of the loopback interface."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from functools import cache
from pathlib import Path
from tempfile import gettempdir

LOOPBACK = "127.0.0.1"
#: Below the range from which Linux takes the ports of outgoing connections.
CANDIDATES = range(20_000, 32_000)
_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Return ports beside each other that nothing listens on.

    No other test process of this user gets them until this process ends, so a service may listen on them later.
    """
    while True:
        first = secrets.choice(CANDIDATES)
        ports = list(range(first, first + count))
        if all(port not in _given and _is_free(port) and _claim(port) for port in ports):
            _given.update(ports)
            return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without this option a port that was closed a moment ago would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _claim(port: int) -> bool:
    """Lock the byte of this port in a file that all test processes of this user share."""
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@cache
def _claims() -> int:
    return os.open(Path(gettempdir()) / f"whynotboth-test-ports-{os.geteuid()}", os.O_CREAT | os.O_RDWR, 0o600)
