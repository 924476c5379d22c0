"""Item-item nearest neighbours: only the items that share the most users with an item add to its score."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ml_service.model.axes import Axis
from ml_service.model.cooccurrence import gram_blocks
from ml_service.model.item_item import FULL_RATING, LOW_RATING, ItemItemEstimator
from ml_service.model.sizes import cost_per_pair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array
    from ml_service.model.sizes import Cost, Sizes


class ItemKNN(ItemItemEstimator):
    """Cosine similarity of items, kept for the `n_neighbors` nearest of each.

    `shrinkage` is added to the product of the norms. It lowers the similarity of items that few users have.
    """

    axes: ClassVar[Mapping[str, Axis]] = {
        "n_neighbors": Axis((25, 50, 100, 200, 400, 800), start=200),
        "shrinkage": Axis((0, 5, 10, 20, 50, 100, 200, 500, 1000), start=50),
    }

    @staticmethod
    def cost(sizes: Sizes) -> Cost:
        return cost_per_pair(sizes, 5, 1e-8)

    def __init__(
        self,
        n_neighbors: int = 50,
        shrinkage: float = 10.0,
        *,
        low_rating: float = LOW_RATING,
        full_rating: float = FULL_RATING,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.shrinkage = shrinkage
        self.low_rating = low_rating
        self.full_rating = full_rating

    def _fit_weights(self, interactions: csr_array[np.float32]) -> Float32Array:
        if self.n_neighbors < 1 or self.shrinkage < 0:
            raise ValueError(f"n_neighbors is {self.n_neighbors}, shrinkage {self.shrinkage}; they must be at least 1 and 0")
        norms = np.sqrt(np.bincount(interactions.indices, minlength=interactions.shape[1])).astype(np.float32)
        weights = np.empty((len(norms), len(norms)), dtype=np.float32)
        for rows, gram in gram_blocks(interactions):
            scale = np.outer(norms[rows], norms) + np.float32(self.shrinkage)
            similarities = np.divide(gram, scale, out=np.zeros_like(gram), where=scale > 0)
            np.fill_diagonal(similarities[:, rows], 0)
            weights[:, rows] = _keep_nearest(similarities, self.n_neighbors).T
        return weights


def _keep_nearest(similarities: Float32Array, count: int) -> Float32Array:
    """Return the rows with only their `count` highest entries, and entries equal to the lowest of those; all others are 0."""
    width = similarities.shape[1]
    if count >= width:
        return similarities
    floor = np.partition(similarities, width - count, axis=1)[:, -count, None]
    return np.where(similarities >= floor, similarities, np.float32(0))
