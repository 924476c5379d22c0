"""A server in a dependency's place, with a certificate of another authority. It records what clients send to it."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from harness.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Impostor:
    def __init__(self, folder: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = self._listener.getsockname()[1]
        self.visits = 0
        self.received = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                self._receive(self._listener.accept()[0])

    def _receive(self, plain: socket.socket) -> None:
        plain.settimeout(5)
        with plain, suppress(OSError), self._context.wrap_socket(plain, server_side=True) as client:
            self.received += client.recv(8)
        self.visits += 1

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@contextmanager
def impostor_with(folder: Path) -> Iterator[Impostor]:
    impostor = Impostor(folder)
    impostor.start()
    try:
        yield impostor
    finally:
        impostor.stop()
