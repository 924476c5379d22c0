"""Clients that follow every change of every job by a socket, and resume on the other gateway by the last offset that came."""

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
#: Now and then it moves on without need.
RESTLESSNESS = 0.02


class JobWatcher(Client):
    pause_seconds = 0.0

    def __init__(self, name: str, seed: str, ports: Sequence[int], ledger: Ledger) -> None:
        super().__init__(name, seed, ports, ledger)
        #: What came, by its offset in the stream: the job, and what it had become, as JSON.
        self.told: dict[int, tuple[str, str]] = {}
        self._current = 0
        self._last: int | None = None

    def take_turn(self, number: int) -> None:  # noqa: ARG002
        """Takes one frame."""
        door = self._doors[self._current]
        try:
            frame = door.watch(TOPIC, self._last, SILENCE_SECONDS)
        except (OSError, WebSocketException, httpx.HTTPError):
            self._move_on()
            return
        if frame["type"] == "event":
            self._note(frame["offset"], frame["data"])
        elif frame["type"] == "error" and not frame["retryable"]:
            self._ledger.complaints.append(f"{self.name}: {frame}")
        if self._random.random() < RESTLESSNESS:
            self._move_on()

    def _note(self, offset: int, data: Json) -> None:
        if self._last is not None and offset <= self._last:
            self._ledger.complaints.append(f"{self.name}: offset {offset} came after {self._last}")
        job = {name: value for name, value in data.items() if name != "fact"}
        self.told[offset] = job["jobId"], json.dumps(job, sort_keys=True)
        self._last = offset

    def _move_on(self) -> None:
        self._doors[self._current].hang_up()
        self._current = (self._current + 1) % len(self._doors)
