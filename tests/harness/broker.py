"""Drives RabbitMQ as an operator would: publishes raw messages, counts messages, reads dead letters."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pika

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pika.adapters.blocking_connection import BlockingChannel


@dataclass(frozen=True)
class Taken:
    """A message that was removed from a queue."""

    body: bytes
    is_redelivered: bool


class BrokerDriver:
    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            yield connection.channel()
        finally:
            connection.close()

    def publish(self, body: bytes, *, exchange: str = "", routing_key: str, message_type: str, message_id: str = "") -> None:
        properties = pika.BasicProperties(
            type=message_type,
            message_id=message_id,
            content_type="application/x-protobuf",
            delivery_mode=pika.DeliveryMode.Persistent.value,
        )
        with self.channel() as channel:
            channel.confirm_delivery()
            channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)

    def depth(self, queue: str) -> int:
        """Return the number of messages in the queue that are ready for delivery."""
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def peek_dead_letters(self) -> list[bytes]:
        """Return the bodies in `jobs.dead` and leave the messages there."""
        with self.channel() as channel:
            found = iter(lambda: channel.basic_get("jobs.dead"), (None, None, None))
            return [body or b"" for _, _, body in found]

    def take(self, queue: str) -> Taken | None:
        """Remove the next message. Return None where the queue is empty."""
        with self.channel() as channel:
            method, _, body = channel.basic_get(queue, auto_ack=True)
            return None if method is None else Taken(body or b"", bool(method.redelivered))

    def dead_letters(self) -> list[bytes]:
        """Remove all messages from `jobs.dead` and return their bodies."""
        bodies = []
        with self.channel() as channel:
            while (found := channel.basic_get("jobs.dead", auto_ack=True))[0] is not None:
                bodies.append(found[2] or b"")
        return bodies
