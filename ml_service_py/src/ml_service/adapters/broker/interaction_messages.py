"""The messages of the stream `interactions` and their domain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from ml_service.adapters.broker.envelope import decode, read_time
from ml_service.domain import ID_RULE, RATING_MAX, RATING_MIN, Interaction, LoggedErasure, LoggedInteraction, RejectedMessage, is_id
from ml_service.errors import InvalidArgument
from whynotboth.v1.interactions_pb2 import InteractionRecorded, UserErased

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.message import Message

    from ml_service.domain import LogEntry
    from ml_service.ports.messaging import ReceivedMessage


#: The exclusive queue of the projector: of many workers, only one writes the log to the store.
PROJECTOR_LOCK = "interactions.projector"


def read_entry(message: ReceivedMessage) -> LogEntry:
    """Decode a message of the stream. A stream has no dead letters, so an unusable message becomes a RejectedMessage."""
    try:
        return decode_erasure(message) if message.type == UserErased.DESCRIPTOR.full_name else decode_interaction(message)
    except InvalidArgument as error:
        return RejectedMessage(message.position, error.reason, error.detail, message.body, find_user(message.body))


def decoding(handle: Callable[[Sequence[LogEntry]], None]) -> Callable[[Sequence[ReceivedMessage]], None]:
    """Return a handler of messages that decodes them for a handler of entries."""
    return lambda messages: handle([read_entry(message) for message in messages])


def encode_interaction(interaction: Interaction) -> bytes:
    """Return the interaction as the body of a message."""
    recorded = InteractionRecorded(interaction_id=interaction.interaction_id, user_id=interaction.user_id, item_id=interaction.item_id)
    if interaction.rating is not None:
        recorded.rating = interaction.rating
    if interaction.occurred_at is not None:
        recorded.occurred_at.FromDatetime(interaction.occurred_at)
    return recorded.SerializeToString()


def decode_interaction(message: ReceivedMessage) -> LoggedInteraction:
    """Raise InvalidArgument (MESSAGE_UNDECODABLE, REQUEST_INVALID). An unknown item is no error here."""
    recorded = decode(message, InteractionRecorded)
    _require_ids(recorded, "interaction", "interaction_id", "user_id", "item_id")
    # A NaN fails this comparison too.
    if not RATING_MIN <= recorded.rating <= RATING_MAX:
        raise InvalidArgument("REQUEST_INVALID", f"The rating {recorded.rating:g} isn't from {RATING_MIN:g} to {RATING_MAX:g}.")
    interaction = Interaction(
        recorded.interaction_id, recorded.user_id, recorded.item_id, recorded.rating, read_time(recorded, "occurred_at")
    )
    return LoggedInteraction(interaction, message.position)


def decode_erasure(message: ReceivedMessage) -> LoggedErasure:
    """Raise InvalidArgument (MESSAGE_UNDECODABLE, REQUEST_INVALID)."""
    erased = decode(message, UserErased)
    _require_ids(erased, "erasure", "erasure_id", "user_id")
    return LoggedErasure(erased.user_id, message.position, read_time(erased, "occurred_at"))


def find_user(body: bytes) -> str | None:
    """Return the user whom a rejected body names, or None: its row must be found when the user is erased."""
    try:
        user_id = InteractionRecorded.FromString(body).user_id
    except DecodeError:
        return None
    return user_id if is_id(user_id) else None


def _require_ids(message: Message, what: str, *names: str) -> None:
    if wrong := [name for name in names if not is_id(getattr(message, name))]:
        raise InvalidArgument("REQUEST_INVALID", f"The {what}'s {' and '.join(wrong)} is not valid: an id must have {ID_RULE}.")
