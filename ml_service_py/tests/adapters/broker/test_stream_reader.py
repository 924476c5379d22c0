"""A reader waits for a broker that has just started and delivers nothing until it has scanned a long stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

from pika import BasicProperties
from pika.spec import Basic

from ml_service.adapters.broker.connection import BrokerAddress
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.domain import LogPosition

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


LAST = LogPosition(7, "m-7")
MODULE = "ml_service.adapters.broker.stream_reader"


@dataclass
class SlowStream:
    """A connection to a stream that ends with message 7. It delivers the message only after some polls."""

    polls_until_readable: int
    polls: int = 0
    waiting: list[Callable[[], None]] = field(default_factory=list)

    def channel(self) -> Mock:
        return Mock(is_open=True, basic_consume=self._consume)

    def process_data_events(self, time_limit: float) -> None:
        self.polls += 1
        while self.polls > self.polls_until_readable and self.waiting:
            self.waiting.pop()()

    def _consume(self, _queue: str, on_delivery: Callable[..., None], arguments: dict[str, Any]) -> None:
        assert arguments["x-stream-offset"] in {"last", LAST.offset}
        properties = BasicProperties(message_id=LAST.message_id, headers={"x-stream-offset": LAST.offset})
        self.waiting.append(lambda: on_delivery(None, Basic.Deliver(delivery_tag=1), properties, b""))


def test_a_reader_waits_for_a_slow_broker_and_does_not_start_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.prepare_topology", lambda *_: None)
    monkeypatch.setattr(f"{MODULE}.VERIFY_SECONDS", 0.0)
    restarts: list[LogPosition] = []
    reader = StreamReader(
        BrokerAddress("amqp://", Path("none")),
        "log",
        read_position=lambda: LAST,
        on_messages=Mock(),
        on_restart=lambda: restarts.append(LAST),
    )
    monkeypatch.setattr(reader, "_begin", lambda _: reader._stopping.set())

    reader._serve(SlowStream(polls_until_readable=50))  # type: ignore[arg-type]

    assert (restarts, reader._stopping.is_set()) == ([], True)
