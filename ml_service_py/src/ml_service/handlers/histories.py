"""The histories of all users in memory: loaded from the store, then updated by the log."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import OrderedDict
from typing import TYPE_CHECKING

from ml_service.domain import moment_of, take_moment
from ml_service.handlers.paging import natural_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ml_service.domain import LoggedErasure, LoggedInteraction
    from ml_service.ports.storage import StoredHistories

#: Interaction ids kept in memory. An id that is read again within so many counts once.
RECENT_IDS = 50_000


class Histories:
    """For each user and item, the rating with the latest time counts, in whatever order the log or an import delivers them."""

    def __init__(self, stored: StoredHistories) -> None:
        self._ratings = dict(stored.ratings)
        #: The time of each rating, in the order of the ratings. Changed in place, as only this class reads them.
        self._moments = dict(stored.moments)
        self._user_ids = sorted(self._ratings, key=natural_key)
        self._recent_ids = RecentIds(stored.recent_ids)
        self._erased_offsets = stored.erased_offsets
        self._data = stored.data

    @property
    def user_ids(self) -> Sequence[str]:
        """The users with interactions, in the natural order of their ids."""
        return self._user_ids

    def of(self, user_id: str) -> Mapping[str, float | None]:
        """Return the user's ratings by item id, or an empty mapping. It is replaced, never changed, so threads may hold it."""
        return self._ratings.get(user_id, {})

    def add(self, logged: LoggedInteraction) -> bool:
        """Add an interaction. Return False if it was read before, is erased, or is older than the known rating of the item or the data."""
        interaction = logged.interaction
        user_id = interaction.user_id
        if self._data.is_outdated(interaction) or self._was_erased(logged) or not self._recent_ids.add(interaction.interaction_id, user_id):
            return False
        ratings, moments = self.of(user_id), self._moments.setdefault(user_id, array("q"))
        if not take_moment(ratings, moments, interaction.item_id, moment_of(interaction.occurred_at)):
            return False
        if user_id not in self._ratings:
            insort(self._user_ids, user_id, key=natural_key)
        self._ratings[user_id] = {**ratings, interaction.item_id: interaction.rating}
        return True

    def erase(self, erasure: LoggedErasure) -> None:
        """Forget the user, unless the loaded store had erased the user already: then its rows are newer."""
        if self._was_erased(erasure):
            return
        # A new history begins here. If the log is read again, its ids must not count as read before.
        self._recent_ids.forget_user(erasure.user_id)
        self._moments.pop(erasure.user_id, None)
        if self._ratings.pop(erasure.user_id, None) is not None:
            del self._user_ids[bisect_left(self._user_ids, natural_key(erasure.user_id), key=natural_key)]

    def _was_erased(self, entry: LoggedInteraction | LoggedErasure) -> bool:
        return entry.position.offset <= self._erased_offsets.get(entry.user_id, -1)


class RecentIds:
    """A bounded set of interaction ids that forgets the oldest first. An index by user makes an erasure cheap."""

    def __init__(self, owner_by_id: Mapping[str, str]) -> None:
        """`owner_by_id`: the users by the ids read so far, oldest first."""
        self._owner_by_id: OrderedDict[str, str] = OrderedDict()
        self._ids_by_owner: dict[str, set[str]] = {}
        for interaction_id, user_id in owner_by_id.items():
            self.add(interaction_id, user_id)

    def add(self, interaction_id: str, user_id: str) -> bool:
        """Add the id; return False if it is known already."""
        if interaction_id in self._owner_by_id:
            return False
        self._owner_by_id[interaction_id] = user_id
        self._ids_by_owner.setdefault(user_id, set()).add(interaction_id)
        if len(self._owner_by_id) > RECENT_IDS:
            self._forget_oldest()
        return True

    def forget_user(self, user_id: str) -> None:
        for interaction_id in self._ids_by_owner.pop(user_id, ()):
            del self._owner_by_id[interaction_id]

    def _forget_oldest(self) -> None:
        interaction_id, user_id = self._owner_by_id.popitem(last=False)
        ids = self._ids_by_owner[user_id]
        ids.remove(interaction_id)
        if not ids:
            del self._ids_by_owner[user_id]
