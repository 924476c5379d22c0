"""What surrounds a protobuf body on AMQP: the properties by which its reader knows it. Knows no connection."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import DecodeError, Message
from pika import BasicProperties, DeliveryMode

from ml_service.domain import LogPosition
from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT_TYPE = "application/x-protobuf"

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to publish, and where. The default exchange's routing keys are names of queues and streams.

    A `mandatory` one that no queue takes is a failure.
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


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as it came, not decoded yet. `offset` is its place in a stream, None from a queue."""

    type: str
    message_id: str
    body: bytes = field(repr=False)
    correlation_id: str | None = None
    traceparent: str | None = None
    offset: int | None = None

    @property
    def position(self) -> LogPosition:
        if self.offset is None:
            raise ValueError("A message of a queue has no position.")
        return LogPosition(self.offset, self.message_id)


def received(properties: BasicProperties, body: bytes) -> ReceivedMessage:
    headers: Mapping[str, object] = properties.headers or {}
    offset, traceparent = headers.get("x-stream-offset"), headers.get("traceparent")
    return ReceivedMessage(
        type=_text(properties.type),
        message_id=_text(properties.message_id),
        body=body,
        correlation_id=_text(properties.correlation_id) or None,
        traceparent=traceparent if isinstance(traceparent, str) else None,
        # pika gives an int of its own kind, which prints itself otherwise.
        offset=int(offset) if isinstance(offset, int) else None,
    )


def _text(value: object) -> str:
    """A property as text that every store keeps: what can't be stored or compared would hold up its log for ever."""
    # pika gives bytes where a property isn't UTF-8, and PostgreSQL keeps no NUL.
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return text.replace("\x00", "")


def decode(message: ReceivedMessage, expected: type[M]) -> M:
    """The body as the message that the type property claims. Raises InvalidArgument (MESSAGE_UNDECODABLE)."""
    name = expected.DESCRIPTOR.full_name
    if message.type != name:
        raise InvalidArgument("MESSAGE_UNDECODABLE", f"The message's type is '{message.type}', not '{name}'. Mend its publisher.")
    try:
        return expected.FromString(message.body)
    except DecodeError as error:
        raise InvalidArgument("MESSAGE_UNDECODABLE", f"The message's body is no {name}: {error}. Mend its publisher.") from error


def read_time(message: Message, name: str) -> datetime | None:
    """A time of a message; None where it's absent. Raises InvalidArgument (MESSAGE_UNDECODABLE) for one outside of the calendar."""
    if not message.HasField(name):
        return None
    try:
        moment: datetime = getattr(message, name).ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidArgument("MESSAGE_UNDECODABLE", f"The time {name} can't be used: {error}. Mend its publisher.") from error
    return moment
