"""The ports of the stack, on the loopback interface."""

import socket
from collections import Counter
from collections.abc import Mapping

from infra.local.errors import LocalError

LOOPBACK = "127.0.0.1"
#: RabbitMQ's second and third port differ from its own defaults, which a RabbitMQ of the machine may use.
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
    """Return the port of each variable. Raise LocalError for a value that is no port, and for two variables with one port."""
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
    """Raise one LocalError for all ports that another program holds. It names the variables to set."""
    taken = [f"Port {port} is taken: set {name} to a free one." for name, port in ports.items() if not is_free(port)]
    if taken:
        raise LocalError("\n".join(taken))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without this option a port that was closed a moment ago would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_open(host: str, port: int) -> bool:
    """Return whether something accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
