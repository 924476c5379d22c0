"""The reasons of a recommendation: the items of the user's history that contributed most to its score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    # One user at a time costs no more than all users of a batch at once: see benchmarks/NOTES.md.
    reasons = np.full((len(items), REASONS), -1)
    if not user.is_personal:
        return reasons
    history, rows = user.history.indexes, np.arange(len(items))
    contributions = user.weights * model.weights[history, items[:, None]]
    for rank in range(REASONS):
        strongest = contributions.argmax(axis=1)
        reasons[:, rank] = np.where(contributions[rows, strongest] > 0, history[strongest], -1)
        contributions[rows, strongest] = 0
    return reasons
