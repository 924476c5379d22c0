"""The reasons of a recommendation: the items of the user's history that contributed most to its score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml_service.model import item_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.model.ratings import IntArray
    from ml_service.model.scoring import ItemItemModel, Ranking, UserScores

#: How many items are named as reasons.
REASONS = 2


def why(model: ItemItemModel, users: Sequence[UserScores], rankings: Sequence[Ranking]) -> list[IntArray]:
    """Return, for each user, the two items of the history that contributed most to each ranked item, the strongest first.

    The arrays have the shape (items, 2). A -1 means that no further item contributed more than 0.
    """
    return [_strongest(model, user, ranking.indexes) for user, ranking in zip(users, rankings, strict=True)]


def _strongest(model: ItemItemModel, user: UserScores, items: IntArray) -> IntArray:
    if not user.is_personal:
        return np.full((len(items), REASONS), -1)
    history = user.history.indexes
    contributions = user.weights * item_weights.entries(model.weights, history, items)
    columns = np.empty((REASONS, len(items)), dtype=np.int64)
    added = np.empty((REASONS, len(items)), dtype=np.float32)
    # `take` and `put` with flat indexes are faster than indexing by rows and columns: see benchmarks/NOTES.md.
    starts = np.arange(len(items)) * len(history)
    for rank in range(REASONS):
        columns[rank] = contributions.argmax(axis=1)
        places = starts + columns[rank]
        added[rank] = contributions.take(places)
        contributions.put(places, 0)
    return np.where(added > 0, history.take(columns), -1).T
