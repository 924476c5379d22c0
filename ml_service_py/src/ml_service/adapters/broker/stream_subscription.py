"""One consumer of a stream, on its own channel: it buffers messages and acknowledges them in groups."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from pika.exceptions import ChannelWrongStateError

from ml_service.adapters.broker.connection import POLL_SECONDS
from ml_service.adapters.broker.envelope import received

if TYPE_CHECKING:
    from collections.abc import Callable

    from pika import BasicProperties, BlockingConnection
    from pika.adapters.blocking_connection import BlockingChannel
    from pika.spec import Basic

    from ml_service.ports.messaging import ReceivedMessage

ACKNOWLEDGE_MESSAGES = 500
#: Without this, deliveries of a stream that gets no more messages would hit the broker's consumer timeout.
ACKNOWLEDGE_SECONDS = 1.0
#: Pause between two polls while a batch fills: waking up for each delivery would cost more than reading it.
GATHER_POLL_SECONDS = 0.1


class Subscription:
    """A consumer that reads `stream` from `start` (an offset, "first" or "last"). Belongs to the connection's thread.

    Methods raise AMQPError once the broker has ended the consumer or the channel.
    """

    def __init__(self, connection: BlockingConnection, stream: str, start: str | int, batch_messages: int) -> None:
        self._connection = connection
        self._stream = stream
        self._batch_messages = batch_messages
        self._channel = connection.channel()
        self._inbox: list[ReceivedMessage] = []
        self._last_tag = 0
        self._unacknowledged = 0
        self._acknowledged_at = time.monotonic()
        self._is_cancelled = False
        self._is_behind = False
        self._channel.basic_qos(prefetch_count=2 * batch_messages)
        self._channel.add_on_cancel_callback(self._on_cancelled)
        self._channel.basic_consume(stream, self._on_delivery, arguments={"x-stream-offset": start})

    def first(self, within_seconds: float, is_stopping: Callable[[], bool]) -> ReceivedMessage | None:
        """Return the first message. Return None if none comes within the time, or when `is_stopping` returns true."""
        deadline = time.monotonic() + within_seconds
        while not self._inbox and time.monotonic() < deadline and not is_stopping():
            self._poll(POLL_SECONDS)
        if not self._inbox and not is_stopping():
            # A slow broker delivers before it answers this call.
            self._channel.queue_declare(self._stream, passive=True)
            self._poll(POLL_SECONDS)
        return self._inbox.pop(0) if self._inbox else None

    def close(self) -> None:
        self._channel.close()

    def gather(self, seconds: float) -> list[ReceivedMessage]:
        """Return the received messages, at most one batch. Wait at most `seconds` for the batch to fill."""
        self._poll(0 if self._inbox else POLL_SECONDS)
        deadline = time.monotonic() + seconds
        while 0 < len(self._inbox) < self._batch_messages and (remaining := deadline - time.monotonic()) > 0:
            before = len(self._inbox)
            self._poll(remaining if self._is_behind else 0)
            if len(self._inbox) == before:
                time.sleep(min(remaining, GATHER_POLL_SECONDS))
        batch, self._inbox = self._inbox[: self._batch_messages], self._inbox[self._batch_messages :]
        self._is_behind = len(batch) == self._batch_messages
        return batch

    def acknowledge_when_due(self) -> None:
        if self._unacknowledged and time.monotonic() - self._acknowledged_at >= ACKNOWLEDGE_SECONDS:
            self._acknowledge()

    def _acknowledge(self) -> None:
        self._channel.basic_ack(self._last_tag, multiple=True)
        self._unacknowledged = 0
        self._acknowledged_at = time.monotonic()

    def _poll(self, seconds: float) -> None:
        """Process deliveries. Return after the first ones, or after `seconds`."""
        self._connection.process_data_events(time_limit=seconds)
        if self._is_cancelled or not self._channel.is_open:
            raise ChannelWrongStateError("The broker ended the consumer.")
        # Acknowledge before the messages are handled, so that the broker sends more meanwhile. Nothing is lost: a reader continues at its
        # stored position, whatever was acknowledged.
        if self._unacknowledged >= ACKNOWLEDGE_MESSAGES:
            self._acknowledge()

    def _on_cancelled(self, _frame: object) -> None:
        self._is_cancelled = True

    def _on_delivery(self, _channel: BlockingChannel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        self._inbox.append(received(properties, body))
        self._last_tag = cast("int", method.delivery_tag)
        self._unacknowledged += 1
