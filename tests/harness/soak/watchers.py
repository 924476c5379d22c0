"""Clients that follow every change of every job by a socket. They resume on the other gateway after the last offset received."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
from websockets.exceptions import WebSocketException

from harness.soak.clients import Client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.gateway import Json
    from harness.soak.ledger import Ledger

TOPIC = "jobs"
#: Longer than the pause between two jobs, so that silence means that the gateway is away.
SILENCE_SECONDS = 8.0
#: How often a watcher changes the gateway without need.
SWITCH_PROBABILITY = 0.02


class JobWatcher(Client):
    pause_seconds = 0.0

    def __init__(self, name: str, seed: str, ports: Sequence[int], ledger: Ledger) -> None:
        super().__init__(name, seed, ports, ledger)
        #: The received changes by stream offset, as job id and JSON of the job.
        self.changes: dict[int, tuple[str, str]] = {}
        self._current = 0
        self._last: int | None = None

    def act(self, number: int) -> None:  # noqa: ARG002
        """Receive one frame."""
        gateway = self._gateways[self._current]
        try:
            frame = gateway.watch(TOPIC, self._last, SILENCE_SECONDS)
        except (OSError, WebSocketException, httpx.HTTPError):
            self._move_on()
            return
        if frame["type"] == "event":
            self._note(frame["offset"], frame["data"])
        elif frame["type"] == "error" and not frame["retryable"]:
            self._ledger.violations.append(f"{self.name}: {frame}")
        if self._random.random() < SWITCH_PROBABILITY:
            self._move_on()

    def _note(self, offset: int, data: Json) -> None:
        if self._last is not None and offset <= self._last:
            self._ledger.violations.append(f"{self.name}: offset {offset} came after {self._last}")
        job = {name: value for name, value in data.items() if name != "fact"}
        self.changes[offset] = job["jobId"], json.dumps(job, sort_keys=True)
        self._last = offset

    def _move_on(self) -> None:
        self._gateways[self._current].disconnect()
        self._current = (self._current + 1) % len(self._gateways)
