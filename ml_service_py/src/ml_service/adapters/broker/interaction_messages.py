"""The messages of the stream `interactions` as domain values."""

from __future__ import annotations

from ml_service.adapters.broker.envelope import ReceivedMessage, decode, read_time
from ml_service.domain import ID_RULE, RATING_MAX, RATING_MIN, Interaction, LoggedInteraction, RejectedMessage, is_id
from ml_service.errors import InvalidArgument
from whynotboth.v1.interactions_pb2 import InteractionRecorded


def read_interaction(message: ReceivedMessage) -> LoggedInteraction | RejectedMessage:
    """What a message of the stream says, or why it says nothing: a stream has no dead letters, so every message is an answer."""
    try:
        return decode_interaction(message)
    except InvalidArgument as error:
        return RejectedMessage(message.position, error.reason, error.detail, message.body)


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
    wrong = [name for name in ("interaction_id", "user_id", "item_id") if not is_id(getattr(recorded, name))]
    if wrong:
        raise InvalidArgument("REQUEST_INVALID", f"The interaction's {' and '.join(wrong)} can't be an id: {ID_RULE}.")
    # A NaN fails this comparison too.
    if not RATING_MIN <= recorded.rating <= RATING_MAX:
        raise InvalidArgument("REQUEST_INVALID", f"The rating {recorded.rating:g} isn't from {RATING_MIN:g} to {RATING_MAX:g}.")
    interaction = Interaction(
        recorded.interaction_id, recorded.user_id, recorded.item_id, recorded.rating, read_time(recorded, "occurred_at")
    )
    return LoggedInteraction(interaction, message.position)
