"""Takes jobs from the queue `jobs`, one at a time, on a thread of its own: heartbeats and settlements, no work."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import structlog
from pika.exceptions import AMQPError, ChannelWrongStateError

from ml_service.adapters.broker.connection import POLL_SECONDS, BrokerAddress, BrokerThread, handling
from ml_service.adapters.broker.envelope import ReceivedMessage, received
from ml_service.adapters.broker.topology import prepare_topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from pika import BasicProperties, BlockingConnection
    from pika.adapters.blocking_connection import BlockingChannel
    from pika.spec import Basic

log = structlog.get_logger()

QUEUE = "jobs"


class Delivery:
    """A job on loan from the queue. Settle it once, from any thread; on a lost connection that does nothing, as the queue has it again."""

    def __init__(self, message: ReceivedMessage, tag: int, channel: BlockingChannel, *, is_redelivered: bool) -> None:
        self.message = message
        #: Whether a worker had it before that didn't settle it.
        self.is_redelivered = is_redelivered
        self._tag = tag
        self._channel = channel

    def acknowledge(self) -> None:
        """Done: the queue forgets it."""
        self._settle(lambda: self._channel.basic_ack(self._tag))

    def dead_letter(self) -> None:
        """Can't be done: it goes to `jobs.dead`."""
        self._settle(lambda: self._channel.basic_reject(self._tag, requeue=False))

    def release(self) -> None:
        """Not begun or broken off by a stop: the queue gives it out again.

        No failure goes this way, so nothing depends on whether a version of the broker counts it.
        """
        self._settle(lambda: self._channel.basic_nack(self._tag, requeue=True))

    def _settle(self, settle: Callable[[], None]) -> None:
        # A tag means something only on the channel that it came by.
        def settle_if_open() -> None:
            if self._channel.is_open:
                settle()

        with suppress(AMQPError):
            self._channel.connection.add_callback_threadsafe(settle_if_open)


class JobConsumer(BrokerThread):
    """Gives each delivery to `on_delivery`, which must return at once; the next comes when that one is settled."""

    def __init__(self, address: BrokerAddress, on_delivery: Callable[[Delivery], None]) -> None:
        super().__init__("job consumer", address)
        self._on_delivery = on_delivery
        self._pausing = threading.Event()

    def pause(self) -> None:
        """Takes no more jobs and keeps the connection, so that the job under way can be settled."""
        self._pausing.set()

    def _serve(self, connection: BlockingConnection) -> None:
        channel = connection.channel()
        prepare_topology(channel, self._address)
        channel.basic_qos(prefetch_count=1)
        cancelled = threading.Event()
        channel.add_on_cancel_callback(lambda _frame: cancelled.set())
        tag = None if self._pausing.is_set() else channel.basic_consume(QUEUE, self._deliver)
        self._attached.set()
        while not self._stopping.is_set():
            connection.process_data_events(time_limit=POLL_SECONDS)
            if cancelled.is_set() or not channel.is_open:
                raise ChannelWrongStateError("The broker ended the consumer.")
            if tag is not None and self._pausing.is_set():
                channel.basic_cancel(tag)
                tag = None
        # What was settled right before the stop still goes out.
        connection.process_data_events(time_limit=POLL_SECONDS)

    def _deliver(self, channel: BlockingChannel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        tag = cast("int", method.delivery_tag)
        if self._pausing.is_set():
            channel.basic_nack(tag, requeue=True)
            return
        delivery = Delivery(received(properties, body), tag, channel, is_redelivered=bool(method.redelivered))
        with handling():
            self._on_delivery(delivery)
