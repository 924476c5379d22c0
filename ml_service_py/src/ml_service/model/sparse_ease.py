"""EASE^R for any number of items: the ridge regression of each item on its nearest items only.

The idea of X. Ning and G. Karypis: SLIM, 2011 (fsSLIM: a few columns chosen by similarity), with the regression of H. Steck: Markov Random
Fields for Collaborative Filtering, 2019. With all other items as the nearest, it is EASE^R without main directions: see ease.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from ml_service.model.axes import Axis, doubled
from ml_service.model.cooccurrence import pairs_seconds
from ml_service.model.ease import discounted, ridge_penalties
from ml_service.model.item_item import FULL_RATING, LOW_RATING, ItemItemEstimator
from ml_service.model.local_grams import local_grams
from ml_service.model.neighbours import nearest_items
from ml_service.model.sizes import Cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array, IntArray
    from ml_service.model.sizes import Sizes

#: Lowers the similarity of items that few users have, when the nearest items are chosen.
SHRINKAGE = 10.0
#: The memory for the local grams of the items that are regressed in one pass over the data.
GRAM_BYTES = 1_500_000_000
#: Items whose equations are solved in one call of NumPy.
SOLVED_AT_ONCE = 128


class SparseEASE(ItemItemEstimator):
    """Ridge regression of each item on its `n_neighbors` nearest items. `l2`, `dropout` and `discount` are those of EASE."""

    axes: ClassVar[Mapping[str, Axis]] = {
        "l2": Axis(doubled(0.78125, 12), start=100.0),
        # More than 100 gave 1 % at most, and 200 take three times as long for 100,000 items.
        "n_neighbors": Axis((25, 50, 100), start=100),
    }
    is_sparse = True
    stands_in_for = "ease"

    @classmethod
    def cost(cls, sizes: Sizes) -> Cost:
        # Measured at 100,000 items with 100 neighbours: a pass took 18 s, and the equations of all items 14 s.
        count = min(cls.axes["n_neighbors"].values[-1], sizes.items)
        grams = 4 * sizes.items * (count + 1) ** 2
        passes = 1 + np.ceil(grams / GRAM_BYTES)
        passing = 6 * pairs_seconds(sizes) + 3e-5 * sizes.items
        solving = sizes.items * (7e-11 * count**3 + 5e-9 * count**2 + 2e-5)
        return Cost(min(grams, GRAM_BYTES) + 24 * sizes.items * count, passes * passing + solving)

    def __init__(  # noqa: PLR0913  # scikit-learn's contract wants each parameter by its name
        self,
        l2: float = 100.0,
        n_neighbors: int = 100,
        *,
        dropout: float = 0.6,
        discount: float = 0.5,
        low_rating: float = LOW_RATING,
        full_rating: float = FULL_RATING,
    ) -> None:
        self.l2 = l2
        self.n_neighbors = n_neighbors
        self.dropout = dropout
        self.discount = discount
        self.low_rating = low_rating
        self.full_rating = full_rating

    def _fit_weights(self, interactions: csr_array[np.float32]) -> csr_array[np.float32]:
        if self.n_neighbors < 1:
            raise ValueError(f"n_neighbors is {self.n_neighbors}; it must be at least 1")
        nearest = nearest_items(interactions, self.n_neighbors, SHRINKAGE)
        weighted = discounted(interactions, self.discount)
        penalties = ridge_penalties(weighted, self.l2, self.dropout)
        groups = _with_nearest(nearest)
        at_once = max(1, GRAM_BYTES // (4 * groups.shape[1] ** 2))
        parts = [_regress(weighted, groups[start : start + at_once], penalties) for start in range(0, len(groups), at_once)]
        nearest.data = np.concatenate(parts)
        return nearest.T.tocsr()


def _with_nearest(nearest: csr_array[np.float32]) -> IntArray:
    """Return a row for each of the n items: its nearest items, n as often as they are fewer than the most, and the item itself."""
    counts = np.diff(nearest.indptr)
    groups = np.full((len(counts), counts.max() + 1), len(counts))
    groups[:, :-1][np.arange(counts.max()) < counts[:, None]] = nearest.indices
    groups[:, -1] = np.arange(len(counts))
    return groups


def _regress(interactions: csr_array[np.float32], groups: IntArray, penalties: Float32Array) -> Float32Array:
    """Return the weights of the regressions of each group's last item on the others, group by group."""
    grams = local_grams(interactions, groups)
    parts = [slice(start, start + SOLVED_AT_ONCE) for start in range(0, len(groups), SOLVED_AT_ONCE)]
    # One thread: the equations of one item are too few for more, which would only wait for each other.
    with threadpool_limits(1, "blas"):
        return np.concatenate([_solve(grams[part], groups[part, :-1], penalties) for part in parts])


def _solve(grams: Float32Array, nearest: IntArray, penalties: Float32Array) -> Float32Array:
    """Return the weights of the nearest items, without the places that stand for no item: their gram is 0, and so is their weight."""
    left, right = grams[:, :-1, :-1].astype(np.float64), grams[:, :-1, -1:].astype(np.float64)
    diagonal = np.arange(nearest.shape[1])
    left[:, diagonal, diagonal] += np.append(penalties, 1)[nearest]
    weights = np.linalg.solve(left, right)[:, :, 0]
    return weights[nearest < len(penalties)].astype(np.float32)
