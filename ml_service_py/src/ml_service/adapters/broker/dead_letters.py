"""What lies in the queue `jobs.dead`: looked at by one connection at a time, and put back in its order. Knows no job."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from pika.exceptions import AMQPError, ChannelClosedByBroker

from ml_service.adapters.broker.broker_errors import unavailable
from ml_service.adapters.broker.connection import BrokerAddress, connect
from ml_service.adapters.broker.envelope import ReceivedMessage, received
from ml_service.adapters.broker.topology import prepare_topology
from ml_service.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pika import BasicProperties, BlockingConnection
    from pika.adapters.blocking_connection import BlockingChannel

QUEUE = "jobs.dead"
#: Held while looking: of two that look at once, each would see a part, and the order would be lost.
LOCK = "jobs.dead.viewer"
#: Half of what the gateway gives a call: the look itself comes after it.
LOCK_SECONDS = 1.0
LOCK_POLL_SECONDS = 0.1
#: The oldest that are looked at; those behind them come to light when these are gone.
MESSAGES_MAX = 500
ID_LENGTH = 16
#: How the broker calls what a worker gave up.
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """The copies of one message, why the broker put the first of them here, and when; "" and None where it doesn't say."""

    letter_id: str
    message: ReceivedMessage
    cause: str
    died_at: datetime | None
    tags: tuple[int, ...]


class DeadMessages:
    """What is in the queue now, oldest first. Goes back at the end, but for what is removed."""

    def __init__(self, channel: BlockingChannel) -> None:
        self._channel = channel
        self._found: dict[str, DeadMessage] = {}
        for _ in range(MESSAGES_MAX):
            method, properties, body = channel.basic_get(QUEUE)
            if method is None or properties is None or body is None:
                break
            self._add(cast("int", method.delivery_tag), properties, body)

    def __iter__(self) -> Iterator[DeadMessage]:
        return iter(self._found.values())

    def find(self, letter_id: str) -> DeadMessage:
        """Raises NotFound (DEAD_LETTER_UNKNOWN)."""
        if letter_id in self._found:
            return self._found[letter_id]
        raise NotFound("DEAD_LETTER_UNKNOWN", f"There is no dead letter {letter_id}. List them to see which there are.", letter=letter_id)

    def remove(self, dead: DeadMessage) -> None:
        """Raises Unavailable (BROKER_UNAVAILABLE)."""
        with _translated_errors():
            for tag in dead.tags:
                self._channel.basic_ack(tag)

    def _add(self, tag: int, properties: BasicProperties, body: bytes) -> None:
        message = received(properties, body)
        letter_id = _letter_id(message)
        cause, died_at = _death(properties)
        if earlier := self._found.get(letter_id):
            self._found[letter_id] = DeadMessage(letter_id, message, earlier.cause, earlier.died_at, (*earlier.tags, tag))
        else:
            self._found[letter_id] = DeadMessage(letter_id, message, cause, died_at, (tag,))


class DeadLetterQueue:
    """May be used from any thread; each use has a connection of its own."""

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address

    @contextmanager
    def opened(self) -> Iterator[DeadMessages]:
        """Raises Unavailable (BROKER_UNAVAILABLE), also while another process reads the dead letters. Errors of the block pass through."""
        with _translated_errors():
            connection = connect("dead letters", self._address)
        try:
            with _translated_errors():
                _take_lock(connection)
                channel = connection.channel()
                prepare_topology(channel, self._address)
                messages = DeadMessages(channel)
            try:
                yield messages
            finally:
                # All that wasn't removed. The broker puts it back where it was, as it does when the connection is lost.
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
        raise unavailable("The broker doesn't give its dead letters", error) from error


def _take_lock(connection: BlockingConnection) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.channel().queue_declare(LOCK, exclusive=True)
        except ChannelClosedByBroker as error:
            if time.monotonic() > deadline:
                raise Unavailable("BROKER_UNAVAILABLE", "Somebody else looks at the dead letters. Try again.") from error
            connection.sleep(LOCK_POLL_SECONDS)
        else:
            return


def _letter_id(message: ReceivedMessage) -> str:
    about = f"{message.type}\n{message.message_id}\n".encode()
    return hashlib.sha256(about + message.body).hexdigest()[:ID_LENGTH]


def _death(properties: BasicProperties) -> tuple[str, datetime | None]:
    """The broker notes each death in a header, the latest first; but a publisher may write there what it likes."""
    headers: Mapping[str, object] = properties.headers or {}
    match headers.get("x-death"):
        case [{"reason": str(cause), **more}, *_]:
            died_at = more.get("time")
            return cause, died_at if isinstance(died_at, datetime) else None
    return "", None
