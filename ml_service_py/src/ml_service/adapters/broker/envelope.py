"""The envelope of a protobuf body on AMQP: the properties that say what the body is. Knows no connection."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import DecodeError, Message
from pika import BasicProperties, DeliveryMode

from ml_service.errors import InvalidArgument
from ml_service.ports.messaging import ReceivedMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT_TYPE = "application/x-protobuf"

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to publish, with its exchange and routing key. For the default exchange "", the key is the name of a queue or stream.

    Publishing a `mandatory` message fails if no queue takes it.
    """

    exchange: str
    routing_key: str
    type: str
    message_id: str
    body: bytes
    correlation_id: str | None = None
    traceparent: str | None = None
    mandatory: bool = True

    @property
    def properties(self) -> BasicProperties:
        return BasicProperties(
            content_type=CONTENT_TYPE,
            delivery_mode=DeliveryMode.Persistent.value,
            type=self.type,
            message_id=self.message_id,
            correlation_id=self.correlation_id,
            timestamp=int(time.time()),
            headers={"traceparent": self.traceparent} if self.traceparent else None,
        )


def received(properties: BasicProperties, body: bytes) -> ReceivedMessage:
    """Build a message from pika's properties, which may hold anything: each client can publish."""
    headers: Mapping[str, object] = properties.headers or {}
    offset, traceparent = headers.get("x-stream-offset"), headers.get("traceparent")
    return ReceivedMessage(
        type=_text(properties.type),
        message_id=_text(properties.message_id),
        body=body,
        correlation_id=_text(properties.correlation_id) or None,
        traceparent=traceparent if isinstance(traceparent, str) else None,
        # pika's subclass of int has another repr.
        offset=int(offset) if isinstance(offset, int) else None,
    )


def _text(value: object) -> str:
    """Return a property as text that every store can keep. Otherwise a message that can't be stored would block its log."""
    # pika returns bytes for a property that isn't UTF-8, and PostgreSQL stores no NUL.
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return text.replace("\x00", "")


def decode(message: ReceivedMessage, expected: type[M]) -> M:
    """Return the body as the expected message. Raises InvalidArgument (MESSAGE_UNDECODABLE) for another type or a malformed body."""
    name = expected.DESCRIPTOR.full_name
    if message.type != name:
        raise InvalidArgument("MESSAGE_UNDECODABLE", f"The message's type is '{message.type}', not '{name}'. Fix its publisher.")
    try:
        return expected.FromString(message.body)
    except DecodeError as error:
        raise InvalidArgument("MESSAGE_UNDECODABLE", f"The message's body is no {name}: {error}. Fix its publisher.") from error


def read_time(message: Message, name: str) -> datetime | None:
    """Return the time in the field `name`, None if it's absent. Raises InvalidArgument (MESSAGE_UNDECODABLE) outside of the calendar."""
    if not message.HasField(name):
        return None
    try:
        moment: datetime = getattr(message, name).ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidArgument("MESSAGE_UNDECODABLE", f"The time {name} can't be used: {error}. Fix its publisher.") from error
    return moment
