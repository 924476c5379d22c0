"""Reads a stream from where its reader stood, message by message, and again from the first when that isn't the log it knew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from pika.exceptions import ChannelClosedByBroker

from ml_service.adapters.broker.connection import BrokerAddress, BrokerThread, Detach, handling
from ml_service.adapters.broker.stream_subscription import Subscription
from ml_service.adapters.broker.topology import prepare_topology

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pika import BlockingConnection
    from pika.adapters.blocking_connection import BlockingChannel

    from ml_service.adapters.broker.envelope import ReceivedMessage
    from ml_service.domain import LogPosition

log = structlog.get_logger()

BATCH_MESSAGES = 500
#: A stream that can be read sends the message at a stored offset at once; silence means that it isn't there.
VERIFY_SECONDS = 2.0
#: A broker that has just come up looks through a long stream first, and sends nothing until it has. An empty stream sends nothing either.
READABLE_SECONDS = 30.0
FIRST = "first"
LAST = "last"
#: Others wait for the lock of a process that froze.
LOCK_HEARTBEAT_SECONDS = 5
#: AMQP's reply code for an exclusive queue of another connection.
RESOURCE_LOCKED = 405


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """How far a reader is. One that attaches again and again and gets no further stands still."""

    is_attached: bool
    offset: int | None
    attachments: int
    restarts: int


class StreamReader(BrokerThread):
    """Hands over what a stream holds, in order, on its own thread.

    `read_position` is asked at each attachment: None reads from the first, else reading goes on after that message, provided that
    the stream still holds it there. If not, `on_restart` is called and `read_position` asked again: the same position then means that
    everything comes again from the first, so `on_messages` must bear what it has seen. What `on_messages` or `on_restart` raises ends
    the attachment; the next begins at `read_position`, after a delay.
    A batch has at most `batch_messages`; `gather_seconds` waits so long for one to fill, 0 hands over at once.
    `lock` names an exclusive queue that is held while attached, so that of all readers with that lock only one reads.
    """

    def __init__(  # noqa: PLR0913
        self,
        address: BrokerAddress,
        stream: str,
        *,
        read_position: Callable[[], LogPosition | None],
        on_messages: Callable[[Sequence[ReceivedMessage]], None],
        on_restart: Callable[[], None],
        gather_seconds: float = 0.0,
        batch_messages: int = BATCH_MESSAGES,
        lock: str | None = None,
    ) -> None:
        if lock is None:
            super().__init__(f"reader of {stream}", address)
        else:
            super().__init__(lock, address, LOCK_HEARTBEAT_SECONDS)
        self._stream = stream
        self._read_position = read_position
        self._on_messages = on_messages
        self._on_restart = on_restart
        self._gather_seconds = gather_seconds
        self._batch_messages = batch_messages
        self._lock = lock
        # The position that the log was found not to hold.
        self._refuted: LogPosition | None = None
        self._offset: int | None = None
        self._attachments = 0
        self._restarts = 0

    @property
    def status(self) -> ReaderStatus:
        """May be asked from any thread."""
        return ReaderStatus(self.is_attached, self._offset, self._attachments, self._restarts)

    def _serve(self, connection: BlockingConnection) -> None:
        channel = connection.channel()
        prepare_topology(channel, self._address)
        if self._lock is not None:
            _take_lock(channel, self._lock)
        with handling():
            position = self._read_position()
        if position == self._refuted:
            position = None
        if position is not None:
            self._wait_until_readable(connection)
        start = FIRST if position is None else position.offset
        subscription = Subscription(connection, self._stream, start, self._batch_messages)
        if position is not None and not self._is_same_log(subscription, position):
            return
        self._begin(position)
        while not self._stopping.is_set():
            if messages := subscription.gather(self._gather_seconds):
                with handling():
                    self._on_messages(messages)
                self._offset, self._refuted = messages[-1].offset, None
            subscription.acknowledge_when_due()

    def _wait_until_readable(self, connection: BlockingConnection) -> None:
        probe = Subscription(connection, self._stream, LAST, 1)
        probe.first(READABLE_SECONDS, self._stopping.is_set)
        probe.close()

    def _begin(self, position: LogPosition | None) -> None:
        self._offset = None if position is None else position.offset
        self._attachments += 1
        self._attached.set()
        log.info("stream attached", stream=self._stream, after=self._offset)

    def _is_same_log(self, subscription: Subscription, position: LogPosition) -> bool:
        found = subscription.first(VERIFY_SECONDS, self._stopping.is_set)
        if self._stopping.is_set() or (found is not None and found.position == position):
            return not self._stopping.is_set()
        self._tell_refutation(position, None if found is None else found.position)
        with handling():
            self._on_restart()
        self._refuted = position
        self._restarts += 1
        return False

    def _tell_refutation(self, expected: LogPosition, found: LogPosition | None) -> None:
        if found is not None and found.offset > expected.offset:
            lost = found.offset - expected.offset - 1
            log.error("retention passed this reader: starting over", stream=self._stream, lost_at_most=lost, expected=expected, found=found)
        else:
            log.error("stream isn't the one read before: starting over", stream=self._stream, expected=expected, found=found)


def _take_lock(channel: BlockingChannel, name: str) -> None:
    try:
        channel.queue_declare(name, exclusive=True)
    except ChannelClosedByBroker as error:
        if error.reply_code == RESOURCE_LOCKED:
            raise Detach(f"Another connection holds the queue {name}.") from error
        raise
