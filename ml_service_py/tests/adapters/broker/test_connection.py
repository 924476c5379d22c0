"""An error of a handler isn't taken for a lost connection, whatever its type."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from pika import BasicProperties
from pika.spec import Basic
from structlog.testing import capture_logs

from ml_service.adapters.broker import connection, dead_letters
from ml_service.adapters.broker.connection import BrokerAddress, BrokerThread
from ml_service.adapters.broker.dead_letters import BrokerDeadLetterQueue
from ml_service.adapters.broker.hint_listener import HintListener
from ml_service.adapters.broker.job_consumer import JobConsumer
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.domain import LogPosition

ADDRESS = BrokerAddress("amqp://", Path("none"))
MODULES = ("stream_reader", "job_consumer", "hint_listener", "dead_letters")


def fail(*_: object) -> LogPosition | None:
    """Raise the error of an event loop that doesn't answer a thread in time."""
    raise TimeoutError


def read_nothing() -> None:
    return None


class DeliveringConnection:
    """Delivers one message to each consumer."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def channel(self) -> Mock:
        return Mock(is_open=True, basic_consume=self._consume, basic_get=lambda _queue: (None, None, None))

    def process_data_events(self, time_limit: float) -> None:
        while self._waiting:
            self._waiting.pop()()

    def close(self) -> None:
        pass

    def _consume(self, _queue: str, on_delivery: Callable[..., None], **_: Any) -> None:
        properties = BasicProperties(message_id="m", headers={"x-stream-offset": 1})
        self._waiting.append(lambda: on_delivery(self.channel(), Basic.Deliver(delivery_tag=1), properties, b""))


@pytest.fixture(autouse=True)
def _delivering(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        monkeypatch.setattr(f"ml_service.adapters.broker.{module}.prepare_topology", lambda *_: None)
    monkeypatch.setattr(connection, "_open", lambda *_: DeliveringConnection())
    monkeypatch.setattr(connection, "close_without_rejecting", lambda *_: None)


def reader(**handlers: Callable[..., Any]) -> StreamReader:
    working = {"read_position": read_nothing, "on_messages": Mock(), "on_restart": read_nothing}
    return StreamReader(ADDRESS, "log", **(working | handlers))


@pytest.mark.parametrize(
    "thread",
    [reader(on_messages=fail), reader(read_position=fail), JobConsumer(ADDRESS, fail), HintListener(ADDRESS, fail)],
    ids=["messages", "position", "delivery", "hint"],
)
def test_a_timeout_in_a_handler_is_not_logged_as_a_lost_connection(thread: BrokerThread) -> None:
    with capture_logs() as logged:
        thread._serve_once()

    assert [row["event"] for row in logged if row["log_level"] in {"warning", "error"}] == ["broker thread failed"]


def test_an_error_while_dead_letters_are_read_passes_through_unchanged() -> None:
    with pytest.raises(TimeoutError), BrokerDeadLetterQueue(ADDRESS).opened():
        fail()


def test_reading_dead_letters_during_a_broker_outage_raises_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "connect", fail)

    with pytest.raises(Unavailable, match="dead letters can't be read"), BrokerDeadLetterQueue(ADDRESS).opened():
        pass
