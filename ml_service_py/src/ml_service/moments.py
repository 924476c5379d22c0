"""Times as numbers that are small to keep, and the rule which of two ratings of a user and an item counts: the one with the later time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array
    from collections.abc import Mapping

#: The moment of an interaction without a time: before every other one.
NO_MOMENT = -(2**63)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def moment_of(occurred_at: datetime | None) -> int:
    """Return the microseconds since 1970, or NO_MOMENT. Both kinds of store keep times as exactly."""
    return NO_MOMENT if occurred_at is None else (occurred_at - EPOCH) // MICROSECOND


def take_moment(ratings: Mapping[str, float | None], moments: array[int], item_id: str, moment: int) -> bool:
    """Return whether a rating of this moment counts in one user's history, and keep the moment if it does; the caller then puts the rating.

    `moments` holds when each of `ratings` was given, in its order: 8 bytes each, where another dictionary would take a hundred. Of equal
    times the rating that comes last counts, so ratings must come in the log's order.
    """
    if item_id not in ratings:
        moments.append(moment)
        return True
    place = list(ratings).index(item_id)
    if moment < moments[place]:
        return False
    moments[place] = moment
    return True
