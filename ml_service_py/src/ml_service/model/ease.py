"""EASE^R: a linear item-item model in closed form, with dropout, a discount for users with long histories, and main directions.

H. Steck: Embarrassingly Shallow Autoencoders for Sparse Data, 2019 (the model); Autoencoders that don't overfit towards the Identity, 2020
(dropout on the input, which in the limit of many draws adds to the diagonal). With `dropout`, `discount` and `rank` 0 it is the paper of
2019. The defaults were measured: see docs/adr/0005, and docs/adr/0006 for `rank`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ml_service.model.axes import Axis, doubled
from ml_service.model.item_item import FULL_RATING, LOW_RATING, ItemItemEstimator
from ml_service.model.main_directions import add_main_directions, directions_seconds
from ml_service.model.ridge import ridge_cost, ridge_inverse
from ml_service.model.sizes import Cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array
    from ml_service.model.sizes import Sizes


class EASE(ItemItemEstimator):
    """Ridge regression of each item on all others.

    - `l2`: the ridge's λ, greater than 0. A larger λ recommends more popular items.
    - `dropout`: the share of each history that the fit treats as missing, from 0 to below 1. It regularises frequent items more.
    - `discount`: a user with c interactions counts as (mean c / c) ** discount. With 0, all users count the same.
    - `rank`: how many main directions of the data are added to the regression's weights (see main_directions.py). With 0, none.
    """

    axes: ClassVar[Mapping[str, Axis]] = {
        "l2": Axis(doubled(0.78125, 15), start=400.0),
        "rank": Axis((0, 8, 16, 32, 48, 64, 96, 128, 192, 256), start=64),
    }

    @staticmethod
    def cost(sizes: Sizes) -> Cost:
        ridge, directions = ridge_cost(sizes), directions_seconds(sizes, EASE.axes["rank"].values[-1])
        return Cost(ridge.bytes, ridge.seconds + directions)

    def __init__(  # noqa: PLR0913  # scikit-learn's contract wants each parameter by its name
        self,
        l2: float = 400.0,
        *,
        dropout: float = 0.6,
        discount: float = 0.5,
        rank: int = 0,
        low_rating: float = LOW_RATING,
        full_rating: float = FULL_RATING,
    ) -> None:
        self.l2 = l2
        self.dropout = dropout
        self.discount = discount
        self.rank = rank
        self.low_rating = low_rating
        self.full_rating = full_rating

    def _fit_weights(self, interactions: csr_array[np.float32]) -> Float32Array:
        if self.rank < 0:
            raise ValueError(f"rank is {self.rank}; it must be at least 0")
        weighted = discounted(interactions, self.discount)
        weights = self._regress(weighted)
        if self.rank:
            add_main_directions(weights, weighted, self.rank)
        np.fill_diagonal(weights, 0)
        return weights

    def _regress(self, interactions: csr_array[np.float32]) -> Float32Array:
        """Return the weights of the shape (n, n): column j holds the regression of item j on all other items."""
        weights = ridge_inverse(interactions, ridge_penalties(interactions, self.l2, self.dropout))
        weights /= -np.diag(weights).copy()
        return weights


def discounted(interactions: csr_array[np.float32], discount: float) -> csr_array[np.float32]:
    """Weigh the rows of X, so that a user with c interactions counts as (mean c / c) ** discount in XᵀX."""
    counts = np.diff(interactions.indptr)
    user_weights = ((counts.mean() / counts) ** discount).astype(np.float32)
    weighted: csr_array[np.float32] = interactions.multiply(np.sqrt(user_weights)[:, None]).tocsr()
    return weighted


def ridge_penalties(interactions: csr_array[np.float32], l2: float, dropout: float) -> Float32Array:
    """Return what ridge and dropout add to the diagonal of XᵀX. Shape: (n,)."""
    if l2 <= 0 or not 0 <= dropout < 1:
        raise ValueError(f"l2 is {l2}, dropout {dropout}; l2 must be greater than 0, dropout at least 0 and below 1")
    strengths = np.bincount(interactions.indices, interactions.data**2, minlength=interactions.shape[1])
    return np.asarray(l2 + dropout / (1 - dropout) * strengths, dtype=np.float32)
