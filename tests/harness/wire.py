"""A TCP relay between a client and a server, which a test can freeze, thaw, cut and repair."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from harness.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable

CHUNK_BYTES = 65_536


class Wire:
    """Relays to the server of a URL while a `with` block runs. `url` is the same URL through the relay."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._server = (address.hostname, address.port)
        self._listener = socket.create_server((LOOPBACK, 0))
        credentials = address.netloc.rpartition("@")[0]
        self.url = address._replace(netloc=f"{credentials}@{LOOPBACK}:{self._listener.getsockname()[1]}").geturl()
        self._flowing = threading.Event()
        self._flowing.set()
        self._is_cut = False
        self._sockets: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        _close([self._listener])
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def freeze(self) -> None:
        """Keep the connections, and hold back all bytes in both directions."""
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        """Close all connections, and each new one at once."""
        self._is_cut = True
        self._flowing.set()
        _close(list(self._sockets))

    def repair(self) -> None:
        self._is_cut = False

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._is_cut:
                    client.close()
                else:
                    self._join(client, socket.create_connection(self._server))

    def _join(self, client: socket.socket, server: socket.socket) -> None:
        self._sockets |= {client, server}
        for source, target in ((client, server), (server, client)):
            thread = threading.Thread(target=self._pump, args=(source, target), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                self._flowing.wait()
                target.sendall(chunk)
        _close([source, target])
        self._sockets -= {source, target}


def _close(sockets: Iterable[socket.socket]) -> None:
    for each in sockets:
        # Only a shutdown wakes a thread that waits on the socket.
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
