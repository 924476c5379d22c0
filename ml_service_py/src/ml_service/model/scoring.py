"""The one way in which every model version answers: a user's history times the item-item matrix. No I/O, and nothing is learned here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ml_service.model.ratings import Float32Array, Float64Array, IntArray, RatingWeights, StrArray

#: Scores that differ by less are taken for equal, and the more popular item comes first.
TIE_WIDTH = 1e-9
#: Keys of which only the highest one is looked at to find a floor for the best. Longer slices give lower floors, shorter ones more work.
SLICE_LENGTH = 8


@dataclass(frozen=True, slots=True)
class ItemItemModel:
    """What a model version knows of its n items.

    `weights` has the shape (n, n): how much an item of a history speaks for another one. `popularity` has the shape (n,): the share of the
    users who have the item. `rating_weights` is how ratings counted when the version was fitted, and count when it answers.
    """

    item_ids: StrArray
    weights: Float32Array
    popularity: Float32Array
    rating_weights: RatingWeights
    item_index: Mapping[str, int] = field(init=False, repr=False, compare=False)
    tie_breaks: Float64Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        count = len(self.item_ids)
        if self.weights.shape != (count, count) or self.popularity.shape != (count,):
            raise ValueError(f"{count} items, weights of the shape {self.weights.shape}, popularity of the shape {self.popularity.shape}")
        tie_breaks = np.empty(count)
        tie_breaks[np.argsort(-self.popularity, kind="stable")] = np.linspace(TIE_WIDTH, 0, count, endpoint=False)
        # Rows are read as rows, and a matrix in columns would be turned as a whole for each answer.
        object.__setattr__(self, "weights", np.ascontiguousarray(self.weights))
        object.__setattr__(self, "item_index", {item_id: index for index, item_id in enumerate(self.item_ids.tolist())})
        object.__setattr__(self, "tie_breaks", tie_breaks)


@dataclass(frozen=True, slots=True)
class History:
    """What one user has, in a model's numbering: item indexes and ratings (NaN where none), both of the shape (k,)."""

    indexes: IntArray
    ratings: Float64Array


@dataclass(frozen=True, slots=True)
class Ranking:
    """Items, best first, with their scores. `is_personal` is false where the history says nothing and popularity answers."""

    indexes: IntArray
    scores: Float64Array
    is_personal: bool


def history_of(model: ItemItemModel, rated: Mapping[str, float | None]) -> History:
    """Translates item ids with ratings; items that the model version doesn't know are left out."""
    known = [(model.item_index[item_id], rating) for item_id, rating in rated.items() if item_id in model.item_index]
    ratings = [np.nan if rating is None else rating for _, rating in known]
    return History(np.array([index for index, _ in known], dtype=np.int64), np.array(ratings, dtype=np.float64))


def score(model: ItemItemModel, histories: Sequence[History]) -> Float32Array:
    """Scores every item for each history in one matrix product: shape (histories, n)."""
    if not histories:
        return np.empty((0, len(model.item_ids)), dtype=np.float32)
    indexes, starts = _joined(histories)
    values = model.rating_weights.weigh(np.concatenate([history.ratings for history in histories]))
    rows = csr_array((values, indexes, starts), shape=(len(histories), len(model.item_ids)))
    return np.asarray(rows @ model.weights, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class UserScores:
    """What is worth keeping of a user between two answers: the product of history and matrix.

    `weights` has the shape (k,): how much each item of the history counts. `scores` has the shape (n,), -inf for the items of the history.
    """

    history: History
    weights: Float32Array
    scores: Float32Array
    is_personal: bool


def score_users(model: ItemItemModel, histories: Sequence[History]) -> list[UserScores]:
    """Scores each history in one matrix product. One that says nothing (empty, unknown or all low) gets popularity for its scores."""
    scores = score(model, histories)
    is_personal = np.asarray(scores.any(axis=1))
    scores[~is_personal] = model.popularity
    users = []
    for history, row, personal in zip(histories, scores, is_personal.tolist(), strict=True):
        row[history.indexes] = -np.inf
        users.append(UserScores(history, model.rating_weights.weigh(history.ratings), row.copy(), personal))
    return users


def add_rating(model: ItemItemModel, user: UserScores, index: int, rating: float | None) -> UserScores | None:
    """The user's scores with one item more in the history: one row of the matrix is added, with the bits that scoring anew would give.

    None where that needs scoring anew: the item was in the history before, or the history said nothing.
    """
    if not user.is_personal or user.scores[index] == -np.inf:
        return None
    ratings = np.array([np.nan if rating is None else rating])
    weight = model.rating_weights.weigh(ratings)
    scores = user.scores + weight * model.weights[index]
    scores[index] = -np.inf
    history = History(np.append(user.history.indexes, index), np.append(user.history.ratings, ratings))
    return UserScores(history, np.append(user.weights, weight), scores, is_personal=True)


def rank(model: ItemItemModel, users: Sequence[UserScores], limits: Sequence[int]) -> list[Ranking]:
    """Ranks, for each user, the items outside the history; fewer than the limit where there are no more."""
    if not users:
        return []
    scores = np.stack([user.scores for user in users]).astype(np.float64)
    top = top_indexes(scores + model.tie_breaks, max(limits))
    top_scores = np.take_along_axis(scores, top, axis=1)
    counts = np.minimum(np.isfinite(top_scores).sum(axis=1), limits).tolist()
    return [
        Ranking(items[:count], row[:count], user.is_personal)
        for items, row, count, user in zip(top, top_scores, counts, users, strict=True)
    ]


def recommend(model: ItemItemModel, histories: Sequence[History], limits: Sequence[int]) -> list[Ranking]:
    """Scores and ranks, for each history, the items outside it."""
    return rank(model, score_users(model, histories), limits)


def contributions(model: ItemItemModel, history: History, items: IntArray) -> Float32Array:
    """Gives how much each item of the history adds to the score of each of the items: shape (k, items)."""
    weights = model.rating_weights.weigh(history.ratings)
    return np.asarray(weights[:, None] * model.weights[np.ix_(history.indexes, items)], dtype=np.float32)


def similar(model: ItemItemModel, index: int, limit: int) -> Ranking:
    """Ranks the other items by nearness: the geometric mean of what the two say for each other, so that popular items get no bonus."""
    towards, back = model.weights[index], model.weights[:, index]
    scores = np.sqrt(np.maximum(towards, 0) * np.maximum(back, 0)).astype(np.float64)
    keys = scores + model.tie_breaks
    keys[index] = -np.inf
    best = top_indexes(keys[None, :], limit)[0]
    best = best[np.isfinite(keys[best])]
    return Ranking(best, scores[best], is_personal=True)


def top_indexes(keys: Float64Array, count: int) -> IntArray:
    """Gives the columns of the highest keys of each row, highest first. Only the few that may be among them are sorted."""
    count = min(count, keys.shape[1])
    rows, columns = np.divmod(np.flatnonzero(keys >= _floors(keys, count)), keys.shape[1])
    order = np.lexsort((-keys[rows, columns], rows))
    starts = np.searchsorted(rows, np.arange(len(keys)))
    return np.asarray(columns[order[starts[:, None] + np.arange(count)]], dtype=np.int64)


def _floors(keys: Float64Array, count: int) -> Float64Array:
    """Gives a key for each row that at least `count` of its keys reach: the count-th highest of the maxima of disjoint slices."""
    slices = max(count, keys.shape[1] // SLICE_LENGTH)
    length = keys.shape[1] // slices
    maxima = keys[:, : length * slices].reshape(len(keys), length, slices).max(axis=1)
    return np.partition(maxima, slices - count, axis=1)[:, slices - count, None]


def _joined(histories: Sequence[History]) -> tuple[IntArray, IntArray]:
    """Lays the histories' indexes end to end, with where each starts."""
    starts = np.concatenate([[0], np.cumsum([len(history.indexes) for history in histories])])
    return np.concatenate([history.indexes for history in histories]), starts
