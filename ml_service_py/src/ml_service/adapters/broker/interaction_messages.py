"""The messages of the stream `interactions` as domain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from ml_service.adapters.broker.envelope import ReceivedMessage, decode, read_time
from ml_service.domain import ID_RULE, RATING_MAX, RATING_MIN, Interaction, LoggedErasure, LoggedInteraction, RejectedMessage, is_id
from ml_service.errors import InvalidArgument
from whynotboth.v1.interactions_pb2 import InteractionRecorded, UserErased

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from ml_service.domain import LogEntry


def read_entry(message: ReceivedMessage) -> LogEntry:
    """What a message of the stream says, or why it says nothing: a stream has no dead letters, so every message is an answer."""
    try:
        return decode_erasure(message) if message.type == UserErased.DESCRIPTOR.full_name else decode_interaction(message)
    except InvalidArgument as error:
        return RejectedMessage(message.position, error.reason, error.detail, message.body, find_user(message.body))


def encode_interaction(interaction: Interaction) -> bytes:
    """The body of a message that says this."""
    recorded = InteractionRecorded(interaction_id=interaction.interaction_id, user_id=interaction.user_id, item_id=interaction.item_id)
    if interaction.rating is not None:
        recorded.rating = interaction.rating
    if interaction.occurred_at is not None:
        recorded.occurred_at.FromDatetime(interaction.occurred_at)
    return recorded.SerializeToString()


def decode_interaction(message: ReceivedMessage) -> LoggedInteraction:
    """Raises InvalidArgument (MESSAGE_UNDECODABLE, REQUEST_INVALID); whether the item exists isn't asked here."""
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
    """Raises InvalidArgument (MESSAGE_UNDECODABLE, REQUEST_INVALID)."""
    erased = decode(message, UserErased)
    _require_ids(erased, "erasure", "erasure_id", "user_id")
    return LoggedErasure(erased.user_id, message.position, read_time(erased, "occurred_at"))


def find_user(body: bytes) -> str | None:
    """Whose message this is, if its bytes say so: what is set aside must be found when its user is erased."""
    try:
        user_id = InteractionRecorded.FromString(body).user_id
    except DecodeError:
        return None
    return user_id if is_id(user_id) else None


def _require_ids(message: Message, what: str, *names: str) -> None:
    if wrong := [name for name in names if not is_id(getattr(message, name))]:
        raise InvalidArgument("REQUEST_INVALID", f"The {what}'s {' and '.join(wrong)} can't be an id: {ID_RULE}.")
