"""The baseline that every other estimator has to beat: recommend the items that most users have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from ml_service.model.item_item import FULL_RATING, LOW_RATING, ItemItemEstimator
from ml_service.model.sizes import Cost

if TYPE_CHECKING:
    from ml_service.model.item_weights import ItemWeights
    from ml_service.model.sizes import Sizes


class Popularity(ItemItemEstimator):
    """No item has a weight for another, so the model falls back to the items' popularity."""

    is_sparse = True

    @staticmethod
    def cost(sizes: Sizes) -> Cost:
        return Cost(16 * sizes.interactions, 1e-7 * sizes.interactions)

    def __init__(self, *, low_rating: float = LOW_RATING, full_rating: float = FULL_RATING) -> None:
        self.low_rating = low_rating
        self.full_rating = full_rating

    def _fit_weights(self, interactions: csr_array[np.float32]) -> ItemWeights:
        count = interactions.shape[1]
        return csr_array((count, count), dtype=np.float32)  # type: ignore[return-value]  # the stubs read two numbers as data
