"""EASE^R, a linear model of items on items in closed form, with dropout and a discount for users who have much.

H. Steck: Embarrassingly Shallow Autoencoders for Sparse Data, 2019 (the model); Autoencoders that don't overfit towards the Identity, 2020
(dropout on the input, which in the limit of many draws adds to the diagonal). With `dropout` and `discount` 0 it is the paper of 2019.
The defaults were measured: see docs/adr/0005.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml_service.model.item_item import FULL_RATING, LOW_RATING, ItemItemEstimator

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array


class EASE(ItemItemEstimator):
    """Ridge regression of each item on all others.

    - `l2`: the ridge's λ, greater than 0; the larger, the more popular the answers.
    - `dropout`: the share of a history that is imagined to be missing, from 0 to below 1; frequent items are regularised more.
    - `discount`: a user with c interactions counts as (mean c / c) ** discount; 0: all alike.
    """

    def __init__(
        self,
        l2: float = 400.0,
        *,
        dropout: float = 0.6,
        discount: float = 0.5,
        low_rating: float = LOW_RATING,
        full_rating: float = FULL_RATING,
    ) -> None:
        self.l2 = l2
        self.dropout = dropout
        self.discount = discount
        self.low_rating = low_rating
        self.full_rating = full_rating

    def _fit_weights(self, interactions: csr_array[np.float32]) -> Float32Array:
        if self.l2 <= 0 or not 0 <= self.dropout < 1:
            raise ValueError(f"l2 is {self.l2}, dropout {self.dropout}; l2 must be greater than 0, dropout at least 0 and below 1")
        counts = np.diff(interactions.indptr)
        user_weights = ((counts.mean() / counts) ** self.discount).astype(np.float32)
        weighted = interactions.multiply(np.sqrt(user_weights)[:, None]).tocsr()
        gram = (weighted.T @ weighted).toarray().astype(np.float64)
        gram[np.diag_indices_from(gram)] += self.l2 + self.dropout / (1 - self.dropout) * np.diag(gram)
        precision = np.linalg.inv(gram)
        weights = precision / -np.diag(precision)
        np.fill_diagonal(weights, 0)
        return np.asarray(weights, dtype=np.float32)
