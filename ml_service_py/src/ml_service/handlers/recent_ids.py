"""The ids of the interactions that were read last, with their users, so that an id which is read again doesn't count twice."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Ids that are remembered: the same id read again within so many is one interaction.
RECENT_IDS = 50_000


class RecentIds:
    """A bounded set that forgets the oldest id first. It is indexed by user too, so that an erasure looks at that user's ids alone."""

    def __init__(self, owner_by_id: Mapping[str, str]) -> None:
        """`owner_by_id`: the ids read so far with their users, oldest first."""
        self._owner_by_id: OrderedDict[str, str] = OrderedDict()
        self._ids_by_owner: dict[str, set[str]] = {}
        for interaction_id, user_id in owner_by_id.items():
            self.add(interaction_id, user_id)

    def add(self, interaction_id: str, user_id: str) -> bool:
        """Remember the id; False if it is known already."""
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
