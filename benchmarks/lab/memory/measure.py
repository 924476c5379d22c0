"""Open idle connections to a fresh server, and divide the memory that they add by their number. The kernel's memory doesn't count."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.figures import Series
from benchmarks.inspector import Inspector
from benchmarks.lab.experiment import node_file, python_module
from benchmarks.lab.floor import AGAIN
from benchmarks.lab.http.servers import uvicorn, wsgi
from benchmarks.lab.serving import Server
from benchmarks.rounds import interleave
from benchmarks.stand import running
from harness.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Figures
    from benchmarks.lab.experiment import Lab
    from benchmarks.lab.serving import Command

#: The first connections warm the server up; the memory of the others counts.
WARM, COUNTED = 200, 600
SETTLE_SECONDS = 0.5
#: A whole run has six rounds. Two thirds of them are enough here: each starts a server anew, and memory varies little.
PART_OF_ROUNDS = 2 / 3
#: The short form plants this many kilobytes in each connection.
PLANTED_KB = 64
ASK = b"GET /readyz HTTP/1.1\r\nHost: lab\r\n\r\n"
UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: lab\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def measure(lab: Lab) -> list[Series]:
    event_loops: dict[str, Command] = {"Node": _node, "Python, event loop": _starlette}
    http: dict[str, Command] = {**event_loops, "Python, threads": _threads, "Python, WSGI": partial(wsgi, processes=1)}
    if lab.planted_ms:
        http["Node, heavier"] = lambda port: node_file("memory/sockets-server.ts", port, PLANTED_KB)
    return [
        _series(lab, "http", "An idle HTTP connection after its first request", http, ASK),
        _series(lab, "websocket", "An idle WebSocket", event_loops, UPGRADE),
    ]


def _node(port: int) -> Sequence[str]:
    return node_file("memory/sockets-server.ts", port)


def _starlette(port: int) -> Sequence[str]:
    return [*uvicorn("memory.starlette_sockets:app", port, 1), "--timeout-keep-alive", "60"]


def _threads(port: int) -> Sequence[str]:
    return python_module("memory.threaded_server", port)


def _series(lab: Lab, name: str, title: str, commands: dict[str, Command], request: bytes) -> Series:
    lab.say(title)
    again = {f"{contender}{AGAIN}": commands[contender] for contender in ("Node", "Python, event loop")}
    turns = {contender: partial(_turn, lab, contender, command, request) for contender, command in {**commands, **again}.items()}
    return Series(name, title, interleave(turns, max(1, round(lab.rounds * PART_OF_ROUNDS)), lab.say))


def _turn(lab: Lab, name: str, command: Command, request: bytes) -> Figures:
    inspector = Inspector() if name.startswith("Node") else None
    server = Server(f"idle {name}", command, lab, inspector.variables if inspector else None)
    with running([server]), ExitStack() as connections:
        _open(connections, server.port, request, WARM)
        before = _settled_mb(server, inspector)
        _open(connections, server.port, request, COUNTED)
        after = _settled_mb(server, inspector)
    return {"kb_per_connection": (after - before) / COUNTED * 1000, "memory_mb": before}


def _open(connections: ExitStack, port: int, request: bytes, count: int) -> None:
    for _ in range(count):
        connection = connections.enter_context(socket.create_connection((LOOPBACK, port), timeout=10))
        connection.sendall(request)
        connection.recv(4096)


def _settled_mb(server: Server, inspector: Inspector | None) -> float:
    threading.Event().wait(SETTLE_SECONDS)
    if inspector:
        inspector.collect_garbage()
    return server.memory_mb
