"""Ranking metrics by the protocol of recommenders-team/recommenders: every held-out item is relevant, and the top 10 count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ml_service.model.item_item import places
from ml_service.model.scoring import recommend

if TYPE_CHECKING:
    import numpy.typing as npt

    from ml_service.model.item_item import ItemItemEstimator
    from ml_service.model.ratings import IntArray

K = 10
#: Users that are scored at once, which bounds the memory.
BATCH = 1024


def ranking_metrics(estimator: ItemItemEstimator, X: npt.NDArray[Any]) -> dict[str, float]:
    """Measure the top 10 of each user of the held-out pairs `X`, shape (n, 2). Ranked are all items outside the user's fitted history.

    Users and items that the fit didn't see count too: such a user gets the most popular items, and such an item can't be a hit.
    """
    users, rows = np.unique(X[:, 0], return_inverse=True)
    items, item_count = places(estimator.item_ids_, X[:, 1]), len(estimator.item_ids_)
    relevant = (rows * item_count + items)[items >= 0]
    top = _top_items(estimator, users)
    hits = np.isin(np.arange(len(users))[:, None] * item_count + top, relevant) & (top >= 0)
    return metrics_of(hits, np.bincount(rows))


def metrics_of(hits: npt.NDArray[np.bool_], relevant_counts: IntArray) -> dict[str, float]:
    """Return the means over users.

    `hits` (users, 10): whether the item at that rank is relevant. `relevant_counts` (users,): each user's relevant items, at least 1.
    """
    ranks = np.arange(1, K + 1)
    gains = 1 / np.log2(ranks + 1)
    ideal = np.cumsum(gains)[np.minimum(relevant_counts, K) - 1]
    precisions = np.cumsum(hits, axis=1) / ranks
    return {
        "ndcg_at_10": float(np.mean(hits @ gains / ideal)),
        "map": float(np.mean((hits * precisions).sum(axis=1) / relevant_counts)),
        "precision_at_10": float(np.mean(hits.sum(axis=1) / K)),
        "recall_at_10": float(np.mean(hits.sum(axis=1) / relevant_counts)),
    }


def ndcg_scorer(estimator: ItemItemEstimator, X: npt.NDArray[Any], y: object = None) -> float:  # noqa: ARG001  # scikit-learn passes it
    """Return the nDCG@10 of a fitted estimator on held-out pairs. Scikit-learn's searches take this function as `scoring`."""
    return ranking_metrics(estimator, X)["ndcg_at_10"]


def _top_items(estimator: ItemItemEstimator, users: npt.NDArray[Any]) -> IntArray:
    """Return the item indexes of each user's top 10: shape (users, 10), padded with -1."""
    model, histories = estimator.to_model(), estimator.histories(users)
    top = np.full((len(users), K), -1, dtype=np.int64)
    for start in range(0, len(users), BATCH):
        batch = histories[start : start + BATCH]
        for row, ranking in enumerate(recommend(model, batch, [K] * len(batch)), start):
            top[row, : len(ranking.indexes)] = ranking.indexes
    return top
