"""The state that answers are made from, in memory: histories, catalogue and model.

It belongs to the event loop. The values that it returns may be used on threads.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ml_service.domain import LoggedErasure, RejectedMessage
from ml_service.errors import Unavailable
from ml_service.handlers.histories import Histories
from ml_service.handlers.paging import natural_key
from ml_service.model.scoring import add_rating

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ml_service.domain import DataState, Interaction, Item, LogEntry, LogPosition, ModelVersion
    from ml_service.model.ratings import IntArray
    from ml_service.model.scoring import ItemItemModel, UserScores
    from ml_service.ports.storage import StoredHistories

#: The memory for kept scores. The least recently used are dropped first.
SCORES_BYTES_MAX = 128 * 2**20


class Catalogue:
    """All items, in the natural order of their ids. Immutable. Equal catalogues have the same `catalogue_id` in all replicas."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.items: Mapping[str, Item] = {item.item_id: item for item in sorted(items, key=lambda item: natural_key(item.item_id))}
        self.rows = tuple(self.items.values())
        self.genres = tuple(sorted({genre for item in self.rows for genre in item.genres}, key=str.casefold))
        self.catalogue_id = hashlib.sha256(repr(self.rows).encode()).hexdigest()[:16]

    def has(self, item_ids: Iterable[str]) -> bool:
        """Return whether the catalogue has all these items."""
        return all(item_id in self.items for item_id in item_ids)

    def places(self, item_ids: Iterable[str]) -> IntArray:
        """Return the places of these items, and -1 at the end, so that the index -1 gives -1."""
        place_of = {item_id: place for place, item_id in enumerate(self.items)}
        return np.array([*(place_of[item_id] for item_id in item_ids), -1], dtype=np.int64)


class LoadedModel:
    """A model version in memory, with the catalogue that it answers from. The catalogue must have all items of the version."""

    def __init__(self, version: ModelVersion, scorer: ItemItemModel, catalogue: Catalogue) -> None:
        self.version = version
        self.scorer = scorer
        self.catalogue = catalogue
        self.places = catalogue.places(scorer.item_ids.tolist())


class LiveState:
    """Starts from the store, and then follows the log."""

    def __init__(self, catalogue: Iterable[Item], histories: StoredHistories) -> None:
        self.catalogue = Catalogue(catalogue)
        #: The scores of the users who were answered last, by the live version.
        self._scores: OrderedDict[str, UserScores] = OrderedDict()
        self._take(Histories(histories), histories.position)
        #: The store's data when it was loaded.
        self._data = histories.data
        #: How many imports the store has by now. Those that came after the start aren't in memory.
        self.imports = histories.data.imports
        self._moved = asyncio.Condition()
        self._model: LoadedModel | None = None

    def _take(self, histories: Histories, position: LogPosition | None) -> None:
        self._scores.clear()
        self._histories = histories
        self._position = position

    @property
    def position(self) -> LogPosition | None:
        return self._position

    @property
    def items(self) -> Mapping[str, Item]:
        return self.catalogue.items

    @property
    def user_ids(self) -> Sequence[str]:
        """The users with interactions, in the natural order of their ids."""
        return self._histories.user_ids

    @property
    def loaded(self) -> LoadedModel | None:
        return self._model

    @property
    def model(self) -> LoadedModel:
        if self._model is None:
            raise Unavailable("MODEL_NOT_LOADED", "No model version is live yet. Train one, then try again.")
        return self._model

    def history(self, user_id: str) -> Mapping[str, float | None]:
        """Return the user's ratings by item id, or an empty mapping. It is replaced, never changed, so threads may hold it."""
        return self._histories.of(user_id)

    def is_stale(self, version: ModelVersion) -> bool:
        """Return whether the version was trained with other data than the store has by now. Live ratings make no version stale."""
        return version.imports != self.imports

    def count_unknown_items(self) -> int:
        """Return how many items of the catalogue the live version doesn't know, and so never recommends."""
        return len(self.items) - len(self.model.scorer.item_ids)

    def require_same_data(self, data: DataState) -> None:
        """Raise Unavailable (MODEL_VERSION_UNUSABLE) if an import has replaced the data since it was loaded.

        The former histories and a model of the new data would give answers that fit neither.
        """
        if data.replaced_at != self._data.replaced_at:
            detail = "An import replaced the data after this recommender started. Start it again, so that it loads the new data."
            raise Unavailable("MODEL_VERSION_UNUSABLE", detail)

    def replace_catalogue(self, catalogue: Catalogue) -> None:
        """Set the catalogue for later model versions. The loaded one keeps its own."""
        self.catalogue = catalogue

    def swap(self, model: LoadedModel) -> None:
        """Set the version that answers. Answers in progress keep the version that they began with."""
        self._model = model
        self._scores.clear()

    def scores(self, user_id: str) -> UserScores | None:
        """Return the kept scores of the user by the live version, or None. They take the whole history into account."""
        if user_id in self._scores:
            self._scores.move_to_end(user_id)
        return self._scores.get(user_id)

    def keep_scores(self, model: LoadedModel, user_id: str, rated: Mapping[str, float | None], scores: UserScores) -> None:
        """Keep scores for later answers, unless the version or the history has changed since."""
        if model is not self._model or self.history(user_id) is not rated:
            return
        self._scores[user_id] = scores
        if len(self._scores) * scores.scores.nbytes > SCORES_BYTES_MAX:
            self._scores.popitem(last=False)

    async def apply(self, batch: Sequence[LogEntry]) -> int:
        """Takes what the log holds, in its order; gives how many of it count. The projector keeps what can't be used."""
        counted = sum(self._apply(logged) for logged in batch)
        async with self._moved:
            self._moved.notify_all()
        return counted

    async def rebuild(self, histories: StoredHistories) -> None:
        """Start again from the store, as the log no longer has the last position that was read.

        If the store has that same position, the offsets belong to a log that is gone. Then the new log is read from its beginning.
        Raise Unavailable if the data was replaced.
        """
        self.require_same_data(histories.data)
        is_stale = histories.position == self._position
        taken = replace(histories, position=None, erased_offsets={}) if is_stale else histories
        # On a thread, as it takes 100 ms for 100,000 users. The log's reader waits meanwhile, so nothing is applied.
        self._take(await asyncio.to_thread(Histories, taken), taken.position)

    async def wait_for(self, offset: int, timeout_seconds: float) -> None:
        """Wait until the interactions up to this offset are applied. Raise Unavailable (OFFSET_NOT_REACHED)."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds), self._moved:
                await self._moved.wait_for(lambda: self.has_reached(offset))
        self.require(offset)

    def has_reached(self, offset: int) -> bool:
        return self._position is not None and self._position.offset >= offset

    def require(self, offset: int) -> None:
        if not self.has_reached(offset):
            raise Unavailable("OFFSET_NOT_REACHED", f"The log isn't read as far as offset {offset} yet. Ask again.", offset=str(offset))

    def _apply(self, logged: LogEntry) -> bool:
        self._position = logged.position
        if isinstance(logged, RejectedMessage):
            return False
        if isinstance(logged, LoggedErasure):
            self._histories.erase(logged)
            self._scores.pop(logged.user_id, None)
            return False
        if logged.interaction.item_id not in self.items or not self._histories.add(logged):
            return False
        self._add_to_scores(logged.interaction)
        return True

    def _add_to_scores(self, interaction: Interaction) -> None:
        scores = self._scores.pop(interaction.user_id, None)
        if scores is None or self._model is None:
            return
        index = self._model.scorer.item_index.get(interaction.item_id)
        if index is not None:
            scores = add_rating(self._model.scorer, scores, index, interaction.rating)
        if scores is not None:
            self._scores[interaction.user_id] = scores
