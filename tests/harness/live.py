"""Drives the socket `/v1/live` as a client would."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

Frame = dict[str, Any]


@contextmanager
def live_socket(url: str, token: str) -> Iterator[LiveSocket]:
    """Return a socket that has sent its hello. Close it at the end of the block."""
    with connect(url, open_timeout=5, close_timeout=2, proxy=None) as connection:
        socket = LiveSocket(connection)
        socket.send({"type": "hello", "token": token})
        socket.wait_for("welcome")
        yield socket


class LiveSocket:
    def __init__(self, connection: ClientConnection) -> None:
        self._socket = connection

    def close(self) -> None:
        self._socket.close()

    def send(self, frame: Frame | str | bytes) -> None:
        self._socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    def subscribe(self, topic: str, resume: int | None = None) -> None:
        self.send({"type": "subscribe", "topic": topic} | ({} if resume is None else {"resume": resume}))

    def watch(self, topic: str) -> None:
        """Subscribe, and return when the gateway has accepted that. Events from now on arrive."""
        self.send({"type": "subscribe", "topic": topic, "id": topic})
        self.reply_to(topic, within=10)

    def receive(self, within: float = 10) -> Frame:
        frame: Frame = json.loads(self._socket.recv(timeout=within))
        return frame

    def wait_for(self, kind: str, within: float = 10, **fields: Any) -> Frame:
        """Return the next frame of that type whose fields have these values."""
        deadline = time.monotonic() + within
        while True:
            frame = self.receive(within=max(deadline - time.monotonic(), 0.001))
            if frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items()):
                return frame

    def reply_to(self, frame_id: str, within: float) -> Frame:
        """Return the `ack` or `error` that answers the frame with that id."""
        deadline = time.monotonic() + within
        while True:
            frame = self.receive(within=max(deadline - time.monotonic(), 0.001))
            if frame.get("replyTo") == frame_id:
                return frame

    def events_of_job(self, job_id: str, until: str, within: float = 60) -> list[Frame]:
        """Return the job's events in the order of their arrival, up to the one with the state `until`."""
        events = []
        deadline = time.monotonic() + within
        while True:
            event = self.wait_for("event", within=max(deadline - time.monotonic(), 0.001))
            if event["data"].get("jobId") == job_id:
                events.append(event)
                if event["data"]["state"] == until:
                    return events

    def close_code(self, within: float = 10) -> int:
        """Read until the server closes the socket. Return its close code."""
        return self.closing(within)[0]

    def closing(self, within: float = 10) -> tuple[int, str]:
        """Read until the server closes the socket. Return its close code and reason."""
        try:
            while True:
                self.receive(within=within)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "the connection was cut without a close frame"
            return closed.rcvd.code, closed.rcvd.reason
