"""Which items of a user's history speak most for what is recommended to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.model.ratings import IntArray
    from ml_service.model.scoring import ItemItemModel, Ranking, UserScores

#: How many items are named as reasons.
REASONS = 2
#: Users of whom all products are in memory at once: enough that NumPy's calls cost little, and few enough for the processor's cache.
USERS_AT_ONCE = 16


def why(model: ItemItemModel, users: Sequence[UserScores], rankings: Sequence[Ranking]) -> list[IntArray]:
    """Gives, for each user's items, the two items of the history that speak most for each, most first: shape (items, 2) for each user.

    -1 stands where there is none that speaks for it.
    """
    reasons = np.full((len(users), max((len(ranking.indexes) for ranking in rankings), default=0), REASONS), -1)
    personal = [row for row, user in enumerate(users) if user.is_personal]
    for start in range(0, len(personal), USERS_AT_ONCE):
        rows = personal[start : start + USERS_AT_ONCE]
        tops = np.zeros((len(rows), reasons.shape[1]), dtype=np.int64)
        for top, row in zip(tops, rows, strict=True):
            top[: len(rankings[row].indexes)] = rankings[row].indexes
        reasons[rows] = _speak_most(model, [users[row] for row in rows], tops)
    return [row[: len(ranking.indexes)] for row, ranking in zip(reasons, rankings, strict=True)]


def _speak_most(model: ItemItemModel, users: Sequence[UserScores], tops: IntArray) -> IntArray:
    """For histories that aren't empty and items of the shape (users, n): shape (users, n, 2)."""
    sizes = [len(user.weights) for user in users]
    owners = np.repeat(np.arange(len(users)), sizes)
    starts = np.cumsum([0, *sizes[:-1]])
    history = np.concatenate([user.history.indexes for user in users])
    weights = np.concatenate([user.weights for user in users])
    # One gather by flat indexes takes half as long as one by rows and columns.
    added = model.weights.take(history * len(model.item_ids) + tops.T[:, owners]) * weights
    # A positive float's bits order as it does. Below them stands the place in the history, earlier ones higher: one maximum tells both.
    keys = np.maximum(added, 0).view(np.int32).astype(np.int64) << 32 | np.arange(len(history))[::-1]
    reasons = np.empty((*tops.shape, REASONS), dtype=np.int64)
    for rank in range(REASONS):
        most = np.maximum.reduceat(keys, starts, axis=1)
        places = len(history) - 1 - (most & 0xFFFFFFFF)
        reasons[:, :, rank] = np.where(most >> 32 > 0, history[places], -1).T
        np.put_along_axis(keys, places, 0, axis=1)
    return reasons
