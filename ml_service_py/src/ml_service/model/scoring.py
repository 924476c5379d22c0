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


def recommend(model: ItemItemModel, histories: Sequence[History], limits: Sequence[int]) -> list[Ranking]:
    """Ranks, for each history, the items outside it; fewer than its limit where there are no more.

    A history that says nothing (empty, unknown or all low) is answered by popularity.
    """
    if not histories:
        return []
    scores = score(model, histories).astype(np.float64)
    is_personal = np.asarray(scores.any(axis=1))
    scores[~is_personal] = model.popularity
    keys = scores + model.tie_breaks
    indexes, starts = _joined(histories)
    keys[np.repeat(np.arange(len(histories)), np.diff(starts)), indexes] = -np.inf
    top = top_indexes(keys, max(limits))
    rankings = []
    for row, limit in enumerate(limits):
        best = top[row, :limit]
        best = best[np.isfinite(keys[row, best])]
        rankings.append(Ranking(best, scores[row, best], bool(is_personal[row])))
    return rankings


def contributions(model: ItemItemModel, history: History, items: IntArray) -> Float32Array:
    """Gives how much each item of the history adds to the score of each of the items: shape (k, items)."""
    weights = model.rating_weights.weigh(history.ratings)
    return np.asarray(weights[:, None] * model.weights[np.ix_(history.indexes, items)], dtype=np.float32)


def why(model: ItemItemModel, history: History, items: IntArray, count: int = 2) -> list[IntArray]:
    """Gives, for each of the items, the items of the history that speak most for it, most first; only those that do speak for it."""
    added = contributions(model, history, items)
    order = np.argsort(-added, axis=0, kind="stable")[:count]
    return [history.indexes[rows[added[rows, column] > 0]] for column, rows in enumerate(order.T)]


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
    """Gives the columns of the highest keys of each row, highest first: chosen by a partition, and only the chosen are sorted."""
    count = min(count, keys.shape[1])
    chosen = np.argpartition(-keys, count - 1, axis=1)[:, :count] if count < keys.shape[1] else np.tile(np.arange(count), (len(keys), 1))
    order = np.argsort(-np.take_along_axis(keys, chosen, axis=1), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(chosen, order, axis=1), dtype=np.int64)


def _joined(histories: Sequence[History]) -> tuple[IntArray, IntArray]:
    """Lays the histories' indexes end to end, with where each starts."""
    starts = np.concatenate([[0], np.cumsum([len(history.indexes) for history in histories])])
    return np.concatenate([history.indexes for history in histories]), starts
