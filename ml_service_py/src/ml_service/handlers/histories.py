"""What each user rated, in memory: first as the store has it, then as the log goes on."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from ml_service.domain import moment_of, take_moment
from ml_service.handlers.ordering import natural_key
from ml_service.handlers.recent_ids import RecentIds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ml_service.domain import LoggedErasure, LoggedInteraction
    from ml_service.ports.storage import StoredHistories


class Histories:
    """Of each pair of user and item the rating with the latest time counts, whatever the order in which the log or an import brought it."""

    def __init__(self, stored: StoredHistories) -> None:
        self._ratings = dict(stored.ratings)
        #: When each of a user's ratings was given, in their order. Changed in place: nobody else reads them.
        self._moments = dict(stored.moments)
        self._user_ids = sorted(self._ratings, key=natural_key)
        self._recent_ids = RecentIds(stored.recent_ids)
        self._erased_offsets = stored.erased_offsets

    @property
    def user_ids(self) -> Sequence[str]:
        """The users with interactions, in the natural order of their ids."""
        return self._user_ids

    def of(self, user_id: str) -> Mapping[str, float | None]:
        """The user's ratings by item id; empty for an unknown user. Never changed but replaced, so threads may hold it."""
        return self._ratings.get(user_id, {})

    def add(self, logged: LoggedInteraction) -> bool:
        """Return whether the history changed: not by an interaction that was read before, was erased since, or is older than the known."""
        interaction = logged.interaction
        user_id = interaction.user_id
        if self._was_erased(logged) or not self._recent_ids.add(interaction.interaction_id, user_id):
            return False
        ratings, moments = self.of(user_id), self._moments.setdefault(user_id, array("q"))
        if not take_moment(ratings, moments, interaction.item_id, moment_of(interaction.occurred_at)):
            return False
        if user_id not in self._ratings:
            insort(self._user_ids, user_id, key=natural_key)
        self._ratings[user_id] = {**ratings, interaction.item_id: interaction.rating}
        return True

    def erase(self, erasure: LoggedErasure) -> None:
        """Forgets the user, unless the store had done so: what it has is newer then."""
        if self._was_erased(erasure):
            return
        # What follows is a new history, also where the log is read again and its ids were seen before.
        self._recent_ids.forget_user(erasure.user_id)
        self._moments.pop(erasure.user_id, None)
        if self._ratings.pop(erasure.user_id, None) is not None:
            del self._user_ids[bisect_left(self._user_ids, natural_key(erasure.user_id), key=natural_key)]

    def _was_erased(self, entry: LoggedInteraction | LoggedErasure) -> bool:
        return entry.position.offset <= self._erased_offsets.get(entry.user_id, -1)
