"""Consumes the queue `jobs`, one delivery at a time. Its thread sends heartbeats and settles deliveries; the jobs run elsewhere."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import structlog
from pika.exceptions import AMQPError, ChannelWrongStateError

from ml_service.adapters.broker.connection import POLL_SECONDS, BrokerAddress, BrokerThread, handling
from ml_service.adapters.broker.envelope import received
from ml_service.adapters.broker.job_messages import decode_job
from ml_service.adapters.broker.topology import prepare_topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from pika import BasicProperties, BlockingConnection
    from pika.adapters.blocking_connection import BlockingChannel
    from pika.spec import Basic

    from ml_service.domain import Job
    from ml_service.ports.messaging import ReceivedMessage

log = structlog.get_logger()

QUEUE = "jobs"


class QueueDelivery:
    """A job from the queue, to be settled once: acknowledged, dead-lettered or released. May be settled from any thread.

    If the connection was lost, settling does nothing: the broker has queued the message again.
    """

    def __init__(self, message: ReceivedMessage, tag: int, channel: BlockingChannel, *, is_redelivered: bool) -> None:
        self.message = message
        #: Whether the message was delivered before and not settled.
        self.is_redelivered = is_redelivered
        self._tag = tag
        self._channel = channel

    def read_job(self) -> Job:
        """Raise InvalidArgument (MESSAGE_UNDECODABLE)."""
        return decode_job(self.message)

    def acknowledge(self) -> None:
        """Remove the message from the queue: the job is done."""
        self._settle(lambda: self._channel.basic_ack(self._tag))

    def dead_letter(self) -> None:
        """Move the message to `jobs.dead`: the job can't be done."""
        self._settle(lambda: self._channel.basic_reject(self._tag, requeue=False))

    def release(self) -> None:
        """Return the message to the queue: the job didn't begin, or a stop interrupted it.

        A failed job isn't released, so it doesn't matter that some versions of RabbitMQ count releases as failed deliveries.
        """
        self._settle(lambda: self._channel.basic_nack(self._tag, requeue=True))

    def _settle(self, settle: Callable[[], None]) -> None:
        # A delivery tag is valid only on the channel of its delivery.
        def settle_if_open() -> None:
            if self._channel.is_open:
                settle()

        with suppress(AMQPError):
            self._channel.connection.add_callback_threadsafe(settle_if_open)


class JobConsumer(BrokerThread):
    """Calls `on_delivery`, which must return at once, for each delivery. The next delivery comes when the last one is settled."""

    def __init__(self, address: BrokerAddress, on_delivery: Callable[[QueueDelivery], None]) -> None:
        super().__init__("job consumer", address)
        self._on_delivery = on_delivery
        self._pausing = threading.Event()

    def pause(self) -> None:
        """Take no more jobs, but keep the connection, so that the running job can be settled."""
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
        # Send the settlements that were requested right before the stop.
        connection.process_data_events(time_limit=POLL_SECONDS)

    def _deliver(self, channel: BlockingChannel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        tag = cast("int", method.delivery_tag)
        if self._pausing.is_set():
            channel.basic_nack(tag, requeue=True)
            return
        delivery = QueueDelivery(received(properties, body), tag, channel, is_redelivered=bool(method.redelivered))
        with handling():
            self._on_delivery(delivery)
