"""`make watch` where no gateway is: one sentence, and how to go on."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from harness.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GO_ON = "start the stack with `make demo`, or set GATEWAY_PORT to the port that it was started with."


@contextmanager
def another_program() -> Iterator[int]:
    """A server of HTTP that knows no sockets."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def watch(root: Path, port: object) -> str:
    command = [sys.executable, "-m", "infra.local.watch", str(port), "jobs"]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    return ended.stderr


def test_a_port_where_nothing_listens_is_named_with_the_ways_to_go_on(root: Path) -> None:
    (port,) = free_ports(1)

    assert watch(root, port) == f"Nothing answers at port {port}: {GO_ON}\n"


def test_another_program_at_the_port_is_told_from_the_gateway(root: Path) -> None:
    with another_program() as port:
        said = watch(root, port)

    assert said.startswith(f"Port {port} belongs to a program that isn't the gateway (")
    assert said.endswith(f"): {GO_ON}\n")


def test_a_port_that_is_no_port_is_refused_with_its_variable(root: Path) -> None:
    assert watch(root, "99999") == "GATEWAY_PORT is '99999': set it to a port, a number from 1 to 65535.\n"
