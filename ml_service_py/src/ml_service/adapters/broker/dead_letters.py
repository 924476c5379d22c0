"""The queue `jobs.dead`. One connection at a time takes the messages out, and requeues in order those that weren't removed."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, cast

from pika.exceptions import AMQPError, ChannelClosedByBroker

from ml_service.adapters.broker.broker_errors import unavailable
from ml_service.adapters.broker.connection import BrokerAddress, connect
from ml_service.adapters.broker.envelope import received
from ml_service.adapters.broker.job_messages import decode_job
from ml_service.adapters.broker.topology import prepare_topology
from ml_service.errors import InvalidArgument, NotFound, Unavailable
from ml_service.ports.messaging import DeadMessage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pika import BasicProperties, BlockingConnection
    from pika.adapters.blocking_connection import BlockingChannel

    from ml_service.domain import Job
    from ml_service.ports.messaging import ReceivedMessage

QUEUE = "jobs.dead"
#: An exclusive queue that serves as a lock. Two readers at once would each get a part of the messages, and the order would be lost.
LOCK = "jobs.dead.viewer"
#: Half of the gateway's default deadline for a call (2 s), so that the other half remains for reading the queue.
LOCK_SECONDS = 1.0
LOCK_POLL_SECONDS = 0.1
#: Only this number of the oldest messages are read. Later messages are read once these are removed.
MESSAGES_MAX = 500
ID_LENGTH = 16


class BrokerDeadMessages:
    """The messages in the queue now, oldest first."""

    def __init__(self, channel: BlockingChannel) -> None:
        self._channel = channel
        self._found: dict[str, DeadMessage] = {}
        self._tags: dict[str, list[int]] = {}
        for _ in range(MESSAGES_MAX):
            method, properties, body = channel.basic_get(QUEUE)
            if method is None or properties is None or body is None:
                break
            self._add(cast("int", method.delivery_tag), properties, body)

    def __iter__(self) -> Iterator[DeadMessage]:
        return iter(self._found.values())

    def find(self, letter_id: str) -> DeadMessage:
        """Return the message with this id. Raise NotFound (DEAD_LETTER_UNKNOWN)."""
        if letter_id in self._found:
            return self._found[letter_id]
        raise NotFound("DEAD_LETTER_UNKNOWN", f"There is no dead letter {letter_id}. List them to see their ids.", letter=letter_id)

    def remove(self, dead: DeadMessage) -> None:
        """Delete the message, and all equal ones, from the queue. Raise Unavailable (BROKER_UNAVAILABLE)."""
        with _translated_errors():
            for tag in self._tags[dead.letter_id]:
                self._channel.basic_ack(tag)

    def _add(self, tag: int, properties: BasicProperties, body: bytes) -> None:
        message = received(properties, body)
        letter_id = _letter_id(message)
        self._tags.setdefault(letter_id, []).append(tag)
        if letter_id not in self._found:
            self._found[letter_id] = DeadMessage(letter_id, message, _job_of(message), *_death(properties))


class BrokerDeadLetterQueue:
    """May be used from any thread. Each use opens a connection of its own."""

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address

    @contextmanager
    def opened(self) -> Iterator[BrokerDeadMessages]:
        """Read the queue for one block. Raise Unavailable, also while another process reads it. Errors of the block stay as they are."""
        with _translated_errors():
            connection = connect("dead letters", self._address)
        try:
            with _translated_errors():
                _take_lock(connection)
                channel = connection.channel()
                prepare_topology(channel, self._address)
                messages = BrokerDeadMessages(channel)
            try:
                yield messages
            finally:
                # Requeue all messages that were not removed. The broker restores their order, as it does when the connection is lost.
                with _translated_errors():
                    channel.basic_nack(0, multiple=True, requeue=True)
        finally:
            with _translated_errors():
                connection.close()


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except (AMQPError, OSError) as error:
        raise unavailable("The dead letters can't be read from the broker", error) from error


def _take_lock(connection: BlockingConnection) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.channel().queue_declare(LOCK, exclusive=True)
        except ChannelClosedByBroker as error:
            if time.monotonic() > deadline:
                raise Unavailable("BROKER_UNAVAILABLE", "Another process is reading the dead letters. Try again.") from error
            connection.sleep(LOCK_POLL_SECONDS)
        else:
            return


def _job_of(message: ReceivedMessage) -> Job | InvalidArgument:
    try:
        return decode_job(message)
    except InvalidArgument as error:
        return error


def _letter_id(message: ReceivedMessage) -> str:
    about = f"{message.type}\n{message.message_id}\n".encode()
    return hashlib.sha256(about + message.body).hexdigest()[:ID_LENGTH]


def _death(properties: BasicProperties) -> tuple[str, datetime | None]:
    """Return cause and time of the latest death from the header `x-death`, empty if unknown: a publisher may write anything there."""
    headers: Mapping[str, object] = properties.headers or {}
    match headers.get("x-death"):
        case [{"reason": str(cause), **more}, *_]:
            died_at = more.get("time")
            return cause, died_at if isinstance(died_at, datetime) else None
    return "", None
