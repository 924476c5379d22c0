"""Ranking metrics by the protocol of recommenders-team/recommenders: every held-out item is relevant, and the top 10 count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ml_service.model.item_item import places
from ml_service.model.scoring import recommend

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ml_service.model.item_item import ItemItemEstimator
    from ml_service.model.ratings import Float64Array, IntArray

K = 10
#: The name of the half-width of the 95 % interval of nDCG@10 over users.
INTERVAL = "ndcg_at_10_interval"
#: 95 % of a normal distribution lie within this many standard deviations of the mean.
NORMAL_95 = 1.96
#: Scores that are computed at once, which bounds the memory: for 1,000 users of a catalogue with 20,000 items.
SCORES_AT_ONCE = 20_000_000


@dataclass(frozen=True, slots=True)
class Quality:
    """How well an estimator ranks held-out items for some users.

    - `metrics`: the means over the users, the half-width of the interval of nDCG@10, and what the lists are like as a whole
    - `users` (n,): the users' ids, sorted; `ndcg` (n,): each user's nDCG@10
    """

    metrics: dict[str, float]
    users: npt.NDArray[Any] = field(compare=False, repr=False)
    ndcg: Float64Array = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean difference of two nDCG@10 over the same users, and the half-width of its interval."""

    mean: float
    interval: float

    @property
    def is_clear(self) -> bool:
        """Return whether the difference is larger than chance explains."""
        return abs(self.mean) > self.interval

    @property
    def is_not_clearly_worse(self) -> bool:
        return self.mean >= 0 or not self.is_clear


def ranking_quality(estimator: ItemItemEstimator, X: npt.NDArray[Any]) -> Quality:
    """Measure the top 10 of each user of the held-out pairs `X`, shape (n, 2). Ranked are all items outside the user's fitted history.

    Users and items that the fit didn't see count too: such a user gets the most popular items, and such an item can't be a hit.
    """
    users, rows = np.unique(X[:, 0], return_inverse=True)
    items, item_count = places(estimator.item_ids_, X[:, 1]), len(estimator.item_ids_)
    relevant = (rows * item_count + items)[items >= 0]
    top = _top_items(estimator, users)
    hits = np.isin(np.arange(len(users))[:, None] * item_count + top, relevant) & (top >= 0)
    by_user = metrics_by_user(hits, np.bincount(rows))
    means = {name: float(values.mean()) for name, values in by_user.items()}
    ndcg = by_user["ndcg_at_10"]
    return Quality({**means, INTERVAL: half_width(ndcg), **_list_metrics(estimator, top)}, users, ndcg)


def ranking_metrics(estimator: ItemItemEstimator, X: npt.NDArray[Any]) -> dict[str, float]:
    """Return only the metrics of `ranking_quality`."""
    return ranking_quality(estimator, X).metrics


def metrics_by_user(hits: npt.NDArray[np.bool_], relevant_counts: IntArray) -> dict[str, Float64Array]:
    """Return each user's metrics, in the shape (users,).

    `hits` (users, 10): whether the item at that rank is relevant. `relevant_counts` (users,): each user's relevant items, at least 1.
    """
    ranks = np.arange(1, K + 1)
    gains = 1 / np.log2(ranks + 1)
    ideal = np.cumsum(gains)[np.minimum(relevant_counts, K) - 1]
    precisions = np.cumsum(hits, axis=1) / ranks
    return {
        "ndcg_at_10": hits @ gains / ideal,
        "map": (hits * precisions).sum(axis=1) / relevant_counts,
        "precision_at_10": hits.sum(axis=1) / K,
        "recall_at_10": hits.sum(axis=1) / relevant_counts,
    }


def _list_metrics(estimator: ItemItemEstimator, top: IntArray) -> dict[str, float]:
    """Return the share of the items that are in any list, and how popular the listed items are.

    A popularity bias of 2 means: an item of a list has twice as many users as an item that users have by themselves, on average.
    """
    popularity, listed = estimator.popularity_.astype(np.float64), top[top >= 0]
    chosen = (popularity**2).sum() / popularity.sum()
    bias = popularity[listed].mean() / chosen if len(listed) else 1.0
    return {"coverage_at_10": len(np.unique(listed)) / len(popularity), "popularity_bias": float(bias)}


def join(parts: Sequence[Quality]) -> Quality:
    """Join the qualities of several folds: the mean of each metric, and of each user's nDCG@10 over the folds that have the user.

    It adds in the order of the parts, so that the bits don't depend on which fold ended first.
    """
    users, rows = np.unique(np.concatenate([part.users for part in parts]), return_inverse=True)
    ndcg = np.bincount(rows, np.concatenate([part.ndcg for part in parts])) / np.bincount(rows)
    means = {name: float(np.mean([part.metrics[name] for part in parts])) for name in parts[0].metrics}
    return Quality({**means, INTERVAL: half_width(ndcg)}, users, ndcg)


def difference(one: Quality, other: Quality) -> Difference:
    """Return how much better `one` ranks than `other`, user by user, so that what all users share cancels out.

    Raises ValueError if they weren't measured on the same users.
    """
    if not np.array_equal(one.users, other.users):
        raise ValueError("the two qualities were measured on different users")
    differences = one.ndcg - other.ndcg
    return Difference(float(differences.mean()), half_width(differences))


def half_width(values: Float64Array) -> float:
    """Return half the width of the 95 % interval of the mean of users' values, by the normal approximation.

    For a single user it is 1, the whole range of nDCG, because one user tells nothing about others.
    """
    return float(NORMAL_95 * values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 1.0


def ndcg_scorer(estimator: ItemItemEstimator, X: npt.NDArray[Any], y: object = None) -> float:  # noqa: ARG001  # scikit-learn passes it
    """Return the nDCG@10 of a fitted estimator on held-out pairs. Scikit-learn's searches take this function as `scoring`."""
    return ranking_metrics(estimator, X)["ndcg_at_10"]


def _top_items(estimator: ItemItemEstimator, users: npt.NDArray[Any]) -> IntArray:
    """Return the item indexes of each user's top 10: shape (users, 10), padded with -1."""
    model, histories = estimator.to_model(), estimator.histories(users)
    top = np.full((len(users), K), -1, dtype=np.int64)
    size = min(1024, max(1, SCORES_AT_ONCE // len(model.item_ids)))
    for start in range(0, len(users), size):
        batch = histories[start : start + size]
        for row, ranking in enumerate(recommend(model, batch, [K] * len(batch)), start):
            top[row, : len(ranking.indexes)] = ranking.indexes
    return top
