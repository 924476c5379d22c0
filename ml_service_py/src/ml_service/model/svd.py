"""Latent factors by scikit-learn's TruncatedSVD, multiplied into an item-item matrix so that a new rating needs no new fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from sklearn.decomposition import TruncatedSVD

from ml_service.model.axes import Axis
from ml_service.model.item_item import FULL_RATING, LOW_RATING, ItemItemEstimator
from ml_service.model.sizes import Cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array
    from ml_service.model.sizes import Sizes


class SVD(ItemItemEstimator):
    """The item-item matrix V Vᵀ. V holds the right singular vectors: `n_components` of them, or as many as the data has."""

    axes: ClassVar[Mapping[str, Axis]] = {"n_components": Axis((1, 2, 5, 10, 20, 40, 80, 160), start=20)}

    @staticmethod
    def cost(sizes: Sizes) -> Cost:
        return Cost(4 * sizes.items**2, 1e-8 * sizes.items**2 + 5e-7 * sizes.interactions + 2e-5 * (sizes.users + sizes.items))

    def __init__(
        self,
        n_components: int = 50,
        *,
        random_state: int | None = None,
        low_rating: float = LOW_RATING,
        full_rating: float = FULL_RATING,
    ) -> None:
        self.n_components = n_components
        self.random_state = random_state
        self.low_rating = low_rating
        self.full_rating = full_rating

    def _fit_weights(self, interactions: csr_array[np.float32]) -> Float32Array:
        if self.n_components < 1:
            raise ValueError(f"n_components is {self.n_components}; it must be at least 1")
        n_components = min(self.n_components, *interactions.shape)
        # If all histories are equal, the variance is 0, and TruncatedSVD computes its explained share, which isn't used here, as 0 / 0.
        with np.errstate(divide="ignore", invalid="ignore"):
            factors = TruncatedSVD(n_components, random_state=self.random_state).fit(interactions).components_
        factors = factors.astype(np.float32)
        return np.asarray(factors.T @ factors)
