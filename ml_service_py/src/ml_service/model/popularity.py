"""The baseline that every other estimator has to beat: recommend the items that most users have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml_service.model.item_item import FULL_RATING, LOW_RATING, ItemItemEstimator
from ml_service.model.sizes import cost_per_pair

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array
    from ml_service.model.sizes import Cost, Sizes


class Popularity(ItemItemEstimator):
    """All weights are 0, so the model falls back to the items' popularity."""

    @staticmethod
    def cost(sizes: Sizes) -> Cost:
        return cost_per_pair(sizes, 5, 1e-9)

    def __init__(self, *, low_rating: float = LOW_RATING, full_rating: float = FULL_RATING) -> None:
        self.low_rating = low_rating
        self.full_rating = full_rating

    def _fit_weights(self, interactions: csr_array[np.float32]) -> Float32Array:
        count = interactions.shape[1]
        return np.zeros((count, count), dtype=np.float32)
