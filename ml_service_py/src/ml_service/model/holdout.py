"""The split of the evaluation protocol: a quarter of each item's ratings is held out for the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml_service.model.ratings import Ratings

TRAIN_SHARE = 0.75


def split_by_item(ratings: Ratings, seed: int) -> tuple[Ratings, Ratings]:
    """Return the training and the test part, both in the given order.

    The split is that of recommenders-team/recommenders: it shuffles the rows of each item and puts the first `round(0.75 · count)` into
    the training part. MovieLens 100K in its own order with seed 42 gives 75,066 and 24,934 rows.
    """
    draws = np.random.RandomState(seed).rand(len(ratings))
    items, counts = ratings.items, np.bincount(ratings.items)
    order = np.lexsort((draws, items))
    rank = np.empty(len(ratings), dtype=np.int64)
    rank[order] = np.arange(len(ratings)) - np.repeat(np.cumsum(counts) - counts, counts)
    is_train = rank < np.round(TRAIN_SHARE * counts)[items]
    return ratings.take(is_train), ratings.take(~is_train)
