"""What answers are made of, in memory: histories, catalogue and model.

Belongs to the event loop; only the values that it gives out may leave it.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.domain import RejectedMessage
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ml_service.adapters.store import StoredHistories
    from ml_service.domain import Item, LoggedInteraction, LogPosition, ModelVersion
    from ml_service.model.scoring import ItemItemModel

#: Interactions whose ids are remembered: the same id read again within so many is one interaction.
RECENT_IDS = 50_000


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A version in memory, ready to score."""

    version: ModelVersion
    scorer: ItemItemModel


class LiveState:
    """Starts from the store, goes on with the log."""

    def __init__(self, catalogue: Iterable[Item], histories: StoredHistories) -> None:
        self._items: Mapping[str, Item] = {}
        self.replace_catalogue(catalogue)
        self._take(histories)
        self._moved = asyncio.Condition()
        self._model: LoadedModel | None = None

    def _take(self, histories: StoredHistories) -> None:
        self._histories = dict(histories.ratings)
        self._user_ids = sorted(self._histories)
        self._recent_ids = OrderedDict.fromkeys(histories.recent_ids)
        self._position = histories.position

    @property
    def position(self) -> LogPosition | None:
        return self._position

    @property
    def items(self) -> Mapping[str, Item]:
        """The catalogue, ordered by item id. Replaced as a whole, never changed."""
        return self._items

    @property
    def user_ids(self) -> Sequence[str]:
        """The users with interactions, ordered."""
        return self._user_ids

    @property
    def loaded(self) -> LoadedModel | None:
        return self._model

    @property
    def model(self) -> LoadedModel:
        if self._model is None:
            raise Unavailable("MODEL_NOT_LOADED", "No model version is live yet. Train one, then try again.")
        return self._model

    def history(self, user_id: str) -> Mapping[str, float | None]:
        """The user's ratings by item id; empty for an unknown user. Never changed but replaced, so threads may hold it."""
        return self._histories.get(user_id, {})

    def replace_catalogue(self, catalogue: Iterable[Item]) -> None:
        self._items = {item.item_id: item for item in sorted(catalogue, key=lambda item: item.item_id)}

    def has_items(self, item_ids: Iterable[str]) -> bool:
        """Whether the catalogue has them all."""
        return all(item_id in self._items for item_id in item_ids)

    def swap(self, model: LoadedModel) -> None:
        """Makes another version answer. Answers being made keep the version that they began with."""
        self._model = model

    async def apply(self, batch: Sequence[LoggedInteraction | RejectedMessage]) -> int:
        """Takes what the log holds, in its order; gives how many of it count. The projector keeps what can't be used."""
        counted = sum(self._apply(logged) for logged in batch)
        async with self._moved:
            self._moved.notify_all()
        return counted

    async def rebuild(self, histories: StoredHistories) -> None:
        """The log no longer holds what was read last: starts anew from the store, whose rows the log may have dropped by now.

        Where the store stands at that same place, the log's offsets mean nothing: there is no position until it is read anew.
        """
        refuted = self._position
        self._take(histories)
        if self._position == refuted:
            self._position = None

    async def wait_for(self, offset: int, timeout_seconds: float) -> None:
        """Waits until the interactions up to this offset count. Raises Unavailable (OFFSET_NOT_REACHED)."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds), self._moved:
                await self._moved.wait_for(lambda: self.has_reached(offset))
        self.require(offset)

    def has_reached(self, offset: int) -> bool:
        return self._position is not None and self._position.offset >= offset

    def require(self, offset: int) -> None:
        if not self.has_reached(offset):
            raise Unavailable("OFFSET_NOT_REACHED", f"The log isn't read as far as offset {offset} yet. Ask again.", offset=str(offset))

    def _apply(self, logged: LoggedInteraction | RejectedMessage) -> bool:
        self._position = logged.position
        if isinstance(logged, RejectedMessage):
            return False
        interaction = logged.interaction
        if interaction.item_id not in self._items or not self._remember(interaction.interaction_id):
            return False
        if interaction.user_id not in self._histories:
            insort(self._user_ids, interaction.user_id)
        self._histories[interaction.user_id] = {**self.history(interaction.user_id), interaction.item_id: interaction.rating}
        return True

    def _remember(self, interaction_id: str) -> bool:
        if interaction_id in self._recent_ids:
            return False
        self._recent_ids[interaction_id] = None
        if len(self._recent_ids) > RECENT_IDS:
            self._recent_ids.popitem(last=False)
        return True
