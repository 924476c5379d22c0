"""Item-item nearest neighbours: only the items that share the most users with an item add to its score."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ml_service.model.axes import Axis
from ml_service.model.cooccurrence import pairs_seconds
from ml_service.model.item_item import FULL_RATING, LOW_RATING, ItemItemEstimator
from ml_service.model.neighbours import nearest_items
from ml_service.model.sizes import Cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from scipy.sparse import csr_array

    from ml_service.model.sizes import Sizes


class ItemKNN(ItemItemEstimator):
    """Cosine similarity of items, kept for the `n_neighbors` nearest of each.

    `shrinkage` is added to the product of the norms. It lowers the similarity of items that few users have.
    """

    axes: ClassVar[Mapping[str, Axis]] = {
        "n_neighbors": Axis((3, 6, 12, 25, 50, 100, 200, 400, 800), start=200),
        "shrinkage": Axis((0, 5, 10, 20, 50, 100, 200, 500, 1000), start=20),
    }

    is_sparse = True

    @staticmethod
    def cost(sizes: Sizes) -> Cost:
        # Memory: the kept pairs three times, while they are turned from rows to columns.
        kept = sizes.items * min(sizes.items, 800)
        return Cost(24 * kept, 6 * pairs_seconds(sizes) + 3e-5 * sizes.items)

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

    def _fit_weights(self, interactions: csr_array[np.float32]) -> csr_array[np.float32]:
        if self.n_neighbors < 1 or self.shrinkage < 0:
            raise ValueError(f"n_neighbors is {self.n_neighbors}, shrinkage {self.shrinkage}; they must be at least 1 and 0")
        return nearest_items(interactions, self.n_neighbors, self.shrinkage).T.tocsr()
