"""An open-loop HTTP client: sends requests at a constant rate, whether answers come or not, and counts the outcomes.

It parses HTTP by hand to stay fast.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, deque
from dataclasses import dataclass, field

TICK_SECONDS = 0.005
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass
class Tally:
    """The outcomes of one run's requests, and the duration of each answer that came in time."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """A connection with one request in flight at a time."""

    def __init__(self, client: OpenLoop) -> None:
        self._client = client
        self._received = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._client.idle.append(self)

    def ask(self, request: bytes, now: float) -> None:
        self._sent_at = now
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        length = LENGTH.search(self._received, 0, end + 2)
        if end < 0 or length is None or len(self._received) < end + 4 + int(length[1]):
            return
        self._client.note(self._received, self._sent_at)
        self._received = b""
        self._client.idle.append(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._client.tally.outcomes["connection lost"] += 1


class OpenLoop:
    """A pool of connections. A request counts as not sent if no connection is idle."""

    def __init__(self, port: int, token: str, in_time_seconds: float) -> None:
        self.idle: deque[Connection] = deque()
        self.tally = Tally()
        self._port = port
        self._headers = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}"
        self._in_time_seconds = in_time_seconds
        self._asked = 0
        self._loop = asyncio.get_running_loop()

    async def connect(self, count: int) -> None:
        for _ in range(count):
            await self._loop.create_connection(lambda: Connection(self), "127.0.0.1", self._port)

    async def run(self, requests_per_second: float, seconds: float) -> Tally:
        self.tally = Tally()
        started, sent = self._loop.time(), 0
        while (now := self._loop.time()) < started + seconds:
            due = int((now - started) * requests_per_second)
            for _ in range(due - sent):
                self._ask(now)
            sent = due
            await asyncio.sleep(TICK_SECONDS)
        await asyncio.sleep(self._in_time_seconds)
        return self.tally

    def _ask(self, now: float) -> None:
        """Send a request for a new user, so that the gateway can't use one answer for two requests."""
        if not self.idle:
            self.tally.outcomes["not sent"] += 1
            return
        self._asked += 1
        path = f"/v1/users/u{self._asked}/recommendations?limit=1"
        self.idle.popleft().ask(f"GET {path} HTTP/1.1\r\n{self._headers}\r\n\r\n".encode(), now)

    def note(self, response: bytes, sent_at: float) -> None:
        seconds = self._loop.time() - sent_at
        status = response[9:12].decode()
        if status != "200":
            self.tally.outcomes[status] += 1
        elif b'"degraded":true' in response:
            self.tally.outcomes["degraded"] += 1
        elif seconds > self._in_time_seconds:
            self.tally.outcomes["late"] += 1
        else:
            self.tally.outcomes["in time"] += 1
            self.tally.seconds.append(seconds)
