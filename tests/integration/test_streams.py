"""The rules of the log, in the stream reader."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pika import BlockingConnection

from harness.waiting import eventually
from harness.wire import Wire
from ml_service.adapters.broker.envelope import Publication
from ml_service.adapters.broker.stream_reader import BATCH_MESSAGES, StreamReader
from ml_service.domain import LogPosition
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.broker import BrokerDriver
    from harness.brokers import RunningBroker
    from ml_service.adapters.broker.connection import BrokerAddress
    from ml_service.adapters.broker.publisher import Publisher
    from ml_service.ports.messaging import ReceivedMessage


class Log:
    """A stream that only this test uses, and everything that its readers have read."""

    def __init__(self, broker: BrokerDriver, publisher: Publisher) -> None:
        self.name = f"log-{uuid4()}"
        self.position: LogPosition | None = None
        self.read: list[str] = []
        self.restarts = 0
        self.failures = 0
        self._broker = broker
        self._publisher = publisher
        self.create()

    def create(self) -> None:
        with self._broker.channel() as channel:
            channel.queue_declare(self.name, durable=True, arguments={"x-queue-type": "stream"})

    def delete(self) -> None:
        with self._broker.channel() as channel:
            channel.queue_delete(self.name)

    def append(self, *message_ids: str) -> None:
        for message_id in message_ids:
            self._publisher.publish(Publication("", self.name, "test", message_id, b""))

    @contextmanager
    def reading(self, address: BrokerAddress, lock: str | None = None, gather_seconds: float = 0) -> Iterator[StreamReader]:
        reader = StreamReader(
            address,
            self.name,
            read_position=lambda: self.position,
            on_messages=self._on_messages,
            on_restart=self._on_restart,
            gather_seconds=gather_seconds,
            lock=lock,
        )
        reader.start()
        try:
            yield reader
        finally:
            assert reader.stop()

    def eventually_has(self, *message_ids: str, within: float = 10) -> None:
        eventually(lambda: self.read == list(message_ids), within=within, what=f"{message_ids}")

    def _on_messages(self, messages: Sequence[ReceivedMessage]) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("STORE_UNAVAILABLE", "The store doesn't answer.")
        self.read += [message.message_id for message in messages]
        self.position = messages[-1].position

    def _on_restart(self) -> None:
        self.restarts += 1
        self.read = []


@pytest.fixture
def log(broker: BrokerDriver, publisher: Publisher) -> Iterator[Log]:
    log = Log(broker, publisher)
    yield log
    log.delete()


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the time limit of each poll for deliveries, of all connections of this process."""
    polls: list[float] = []
    poll = BlockingConnection.process_data_events

    def noted(connection: BlockingConnection, time_limit: float = 0) -> None:
        polls.append(time_limit)
        poll(connection, time_limit)

    monkeypatch.setattr(BlockingConnection, "process_data_events", noted)
    return polls


def test_a_reader_continues_after_its_position_without_gap_or_double(log: Log, address: BrokerAddress) -> None:
    log.append("a", "b", "c")
    with log.reading(address):
        log.eventually_has("a", "b", "c")

    log.append("d")
    with log.reading(address):
        log.eventually_has("a", "b", "c", "d")

    assert log.restarts == 0


def test_a_reader_reads_more_than_its_prefetch_in_order(log: Log, address: BrokerAddress) -> None:
    message_ids = [str(number) for number in range(3 * BATCH_MESSAGES)]
    log.append(*message_ids)

    with log.reading(address):
        log.eventually_has(*message_ids, within=30)


def test_a_reader_that_waits_for_a_full_batch_sleeps_meanwhile(log: Log, address: BrokerAddress, polls: list[float]) -> None:
    with log.reading(address, gather_seconds=1):
        log.append("a")
        log.eventually_has("a")

    assert len(polls) < 200


def test_a_recreated_stream_is_read_from_the_beginning(log: Log, address: BrokerAddress) -> None:
    log.append("a", "b")
    with log.reading(address):
        log.eventually_has("a", "b")

    log.delete()
    log.create()
    log.append("x")
    with log.reading(address):
        log.eventually_has("x")

    assert log.restarts == 1


@pytest.mark.parametrize("position", [LogPosition(1, "another"), LogPosition(99, "b")])
def test_a_position_of_another_log_makes_the_reader_begin_anew(log: Log, address: BrokerAddress, position: LogPosition) -> None:
    log.append("a", "b")
    log.position = position

    with log.reading(address):
        log.eventually_has("a", "b")

    assert log.restarts == 1


def test_messages_that_could_not_be_handled_come_again(log: Log, address: BrokerAddress) -> None:
    log.failures = 2
    log.append("a", "b")

    with log.reading(address):
        log.eventually_has("a", "b")

    assert log.restarts == 0


def test_a_reader_attaches_again_when_its_stream_is_deleted_and_recreated(log: Log, address: BrokerAddress) -> None:
    log.append("a")
    with log.reading(address) as reader:
        log.eventually_has("a")
        log.delete()
        eventually(lambda: not reader.is_attached, within=10)
        log.create()
        log.append("x")

        log.eventually_has("x", within=20)


def test_a_reader_whose_connection_is_cut_repeatedly_reads_each_message_once(log: Log, address: BrokerAddress) -> None:
    message_ids = [str(number) for number in range(30)]
    with Wire(address.url) as wire, log.reading(replace(address, url=wire.url)) as reader:
        for start in range(0, 30, 10):
            eventually(lambda: reader.is_attached, within=15)
            log.append(*message_ids[start : start + 5])
            wire.cut()
            log.append(*message_ids[start + 5 : start + 10])
            eventually(lambda: not reader.is_attached, within=15)
            wire.repair()

        log.eventually_has(*message_ids, within=20)

    assert log.restarts == 0


def test_a_reader_continues_where_it_was_after_its_broker_was_killed(log: Log, address: BrokerAddress, running: RunningBroker) -> None:
    with log.reading(address) as reader:
        log.append("a", "b")
        log.eventually_has("a", "b")

        running.kill()
        eventually(lambda: not reader.is_attached, within=15)
        running.start()
        eventually(lambda: reader.is_attached, within=30)
        log.append("c")

        log.eventually_has("a", "b", "c", within=20)
    assert log.restarts == 0


def test_of_two_readers_with_one_lock_only_one_reads_at_a_time(log: Log, address: BrokerAddress) -> None:
    with log.reading(address, lock=f"{log.name}.lock") as first:
        eventually(lambda: first.is_attached, within=10)
        with log.reading(address, lock=f"{log.name}.lock") as second:
            log.append("a")
            log.eventually_has("a")
            assert not second.is_attached

            first.stop()
            eventually(lambda: second.is_attached, within=15)
            log.append("b")
            log.eventually_has("a", "b")


def test_publishing_to_no_queue_is_an_error(publisher: Publisher) -> None:
    with pytest.raises(Unavailable):
        publisher.publish(Publication("", f"nowhere-{uuid4()}", "test", str(uuid4()), b""))

    assert publisher.is_attached
