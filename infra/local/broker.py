"""A private RabbitMQ node that runs while a `with` block does. The demo runs the same node as programs of its stack."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from infra.local.broker_node import BrokerNode, BrokerPorts
from infra.local.errors import LocalError
from infra.local.ports import LOOPBACK, is_open

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 10


class PrivateBroker:
    """Starts, stops and kills a node, and starts it again with the data in its folder. Takes free ports if none are given."""

    def __init__(self, folder: Path, ports: BrokerPorts | None = None) -> None:
        self.node = BrokerNode(folder.resolve(), ports or BrokerPorts.free())
        self.log = self.node.folder / "broker.log"
        self._epmd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def amqp_url(self) -> str:
        return self.node.amqp_url

    @property
    def is_listening(self) -> bool:
        return is_open(LOOPBACK, self.node.ports.amqp)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the node and returns when it takes connections, which is the last thing that a starting node does."""
        self.node.prepare()
        self._epmd = self._epmd or self._open(self.node.epmd_command())
        self._server = self._open(self.node.server_command())
        ends = time.monotonic() + START_SECONDS
        while not self.is_listening:
            if self._server.poll() is not None or time.monotonic() > ends:
                raise LocalError(f"RabbitMQ didn't start. The end of {self.log}:\n{self._log_tail()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stops the node in good order, and its epmd."""
        self._stop_server()
        if self._epmd:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None

    def kill(self) -> None:
        """Ends the node as a crash would. Its epmd stays, as it would on a machine."""
        if self._server:
            with suppress(ProcessLookupError):
                os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
            self._server = None

    def restart(self) -> None:
        self._stop_server()
        self.start()

    def _stop_server(self) -> None:
        if not self._server:
            return
        self._server.terminate()
        try:
            self._server.wait(STOP_SECONDS)
            self._server = None
        except subprocess.TimeoutExpired:
            self.kill()

    def _open(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal is for whoever started the broker, and a kill reaches the whole group.
            return subprocess.Popen(
                command,
                env={**os.environ, **self.node.variables()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _log_tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text("utf-8", errors="replace").splitlines()[-lines:])
