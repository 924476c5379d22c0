"""Reads a stream from a stored position on. Starts over at the first message if the stream isn't the one that was read before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from pika.exceptions import ChannelClosedByBroker

from ml_service.adapters.broker.connection import BrokerAddress, BrokerThread, handling
from ml_service.adapters.broker.stream_subscription import Subscription
from ml_service.adapters.broker.topology import prepare_topology
from ml_service.ports.messaging import Detach, ReaderStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pika import BlockingConnection
    from pika.adapters.blocking_connection import BlockingChannel

    from ml_service.domain import LogPosition
    from ml_service.ports.messaging import ReceivedMessage

log = structlog.get_logger()

BATCH_MESSAGES = 500
#: A readable stream delivers the message at a stored offset at once. No delivery within this time means that the offset isn't there.
VERIFY_SECONDS = 2.0
#: After its start, a broker scans a long stream before it delivers. An empty stream never delivers, so the wait is bounded.
READABLE_SECONDS = 30.0
FIRST = "first"
LAST = "last"
#: Short, because the broker frees the lock of a frozen process only after two to three silent heartbeats.
LOCK_HEARTBEAT_SECONDS = 5
#: AMQP's reply code if another connection holds an exclusive queue.
RESOURCE_LOCKED = 405


class StreamReader(BrokerThread):
    """Passes the messages of a stream to `on_messages`, in order, on its own thread.

    - `read_position` is called at each attachment. With None the reader begins at the first message, else after the returned position.
    - `on_restart` is called if the stream doesn't hold the message of that position. Then `read_position` is called again. If it returns
      the same position, the reader begins at the first message, so `on_messages` must accept messages that it has seen before.
    - An error of a callback ends the attachment. The next one begins at `read_position`, after the backoff.
    - A batch has at most `batch_messages`. The reader waits `gather_seconds` for a batch to fill; with 0 it doesn't wait.
    - `lock` names an exclusive queue that the reader holds while it is attached. Of all readers with the same lock, only one reads.
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
        # The last position that the stream turned out not to hold.
        self._refuted: LogPosition | None = None
        self._offset: int | None = None
        self._attachments = 0
        self._restarts = 0

    @property
    def status(self) -> ReaderStatus:
        """The state of this reader. May be read from any thread."""
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
        self._log_refutation(position, None if found is None else found.position)
        with handling():
            self._on_restart()
        self._refuted = position
        self._restarts += 1
        return False

    def _log_refutation(self, expected: LogPosition, found: LogPosition | None) -> None:
        if found is not None and found.offset > expected.offset:
            lost = found.offset - expected.offset - 1
            log.error(
                "stream has deleted unread messages: starting over", stream=self._stream, lost_at_most=lost, expected=expected, found=found
            )
        else:
            log.error("stream isn't the one that was read before: starting over", stream=self._stream, expected=expected, found=found)


def _take_lock(channel: BlockingChannel, name: str) -> None:
    try:
        channel.queue_declare(name, exclusive=True)
    except ChannelClosedByBroker as error:
        if error.reply_code == RESOURCE_LOCKED:
            raise Detach(f"Another connection holds the queue {name}.") from error
        raise
