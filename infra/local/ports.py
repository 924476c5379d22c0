"""Ports of the loopback interface: which are wanted, which are taken, which are free."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from collections import Counter
from typing import TYPE_CHECKING

from infra.local.errors import LocalError
from infra.local.private_folders import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
#: Linux gives outgoing connections ports from 32768 on: one of those may be taken again before it is listened on.
UNCLAIMED = range(20_000, 32_000)
#: RabbitMQ's second and third port differ from its own defaults, so that the machine's own RabbitMQ keeps them.
DEFAULTS = {
    "GATEWAY_PORT": 3000,
    "RECOMMENDER_GRPC_PORT": 50051,
    "RECOMMENDER_OPS_PORT": 8081,
    "WORKER_OPS_PORT": 8082,
    "BROKER_PORT": 5672,
    "BROKER_DIST_PORT": 25673,
    "BROKER_EPMD_PORT": 4370,
}


def read_ports(variables: Mapping[str, str]) -> dict[str, int]:
    """Gives the port of each variable, and refuses what is no port and what is asked for twice."""
    ports = {name: read_port(name, variables.get(name) or str(default)) for name, default in DEFAULTS.items()}
    port, uses = Counter(ports.values()).most_common(1)[0]
    if uses > 1:
        names = " and ".join(name for name in ports if ports[name] == port)
        raise LocalError(f"{names} are both {port}: set one of them to another port.")
    return ports


def read_port(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise LocalError(f"{name} is {text!r}: set it to a port, a number from 1 to 65535.")
    return int(text)


def check_free(ports: Mapping[str, int]) -> None:
    """Refuses ports that another program holds, all in one error that names the variables to set."""
    taken = [f"Port {port} is taken: set {name} to a free one." for name, port in ports.items() if not is_free(port)]
    if taken:
        raise LocalError("\n".join(taken))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without this a port that was closed a moment ago would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_open(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Gives ports that nobody holds now, outside the range from which the system takes ports for outgoing connections.

    Who listens on them may take its time: until this process ends, none of the same user's is given the same.
    """
    return [free_port_range(1)[0] for _ in range(count)]


def free_port_range(count: int) -> range:
    """The same, one beside the other."""
    while True:
        first = secrets.choice(UNCLAIMED)
        ports = range(first, first + count)
        if all(is_free(port) and _claim(port) for port in ports):
            return ports


def _claim(port: int) -> bool:
    """Locks a file for as long as this process lives."""
    claim = os.open(temporary_folder("whynotboth-ports") / str(port), os.O_CREAT | os.O_WRONLY)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(claim)
        return False
    return True
