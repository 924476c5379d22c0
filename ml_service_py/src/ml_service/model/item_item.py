"""The base class of all estimators: scikit-learn's contract, with pairs of user and item as X and an item-item matrix as the result."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, column_or_1d

from ml_service.model.item_weights import are_finite
from ml_service.model.ratings import RatingWeights
from ml_service.model.scoring import History, ItemItemModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ml_service.model.axes import Axis
    from ml_service.model.item_weights import ItemWeights
    from ml_service.model.ratings import Float32Array, Float64Array, IntArray, StrArray
    from ml_service.model.sizes import Cost, Sizes

#: How much a rating counts in a history: docs/adr/0004 explains both numbers.
LOW_RATING = 1.5
FULL_RATING = 3.0


class ItemItemEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Learns how much each item of a history adds to the score of each other item.

    A subclass stores its parameters, states its `axes` and its `cost`, and computes the matrix in `_fit_weights`. Attributes after `fit`,
    for m users and n items:

    - `user_ids_` (m,), `item_ids_` (n,): sorted ids; `item_index_`: id → index
    - `ratings_`: sparse (m, n), the ratings as fitted, NaN for an interaction without a rating
    - `weights_` (n, n) float32, dense or sparse: row = item of a history, column = item whose score it adds to
    - `popularity_` (n,) float32: the share of the users who have the item
    """

    #: The parameters that a search moves.
    axes: ClassVar[Mapping[str, Axis]] = {}

    #: Whether the matrix is sparse. A catalogue of more than ITEMS_MAX_DENSE items needs that.
    is_sparse: ClassVar[bool] = False
    #: The name of a better, more expensive estimator. A search that can afford that one doesn't try this one.
    stands_in_for: ClassVar[str] = ""

    low_rating: float
    full_rating: float

    @staticmethod
    @abstractmethod
    def cost(sizes: Sizes) -> Cost:
        """Return the estimate for one fit, with the most expensive values of the axes."""

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Self:
        """Fit on `X` of the shape (pairs, 2), user and item, and ratings `y` (NaN or None: no rating). The last of equal pairs counts."""
        pairs, ratings = _check_pairs(X, y)
        self.n_features_in_ = 2
        self.user_ids_, users = np.unique(pairs[:, 0], return_inverse=True)
        self.item_ids_, items = np.unique(pairs[:, 1], return_inverse=True)
        self.item_index_ = {item_id: index for index, item_id in enumerate(self.item_ids_.tolist())}
        self.ratings_ = _to_matrix(users, items, ratings, (len(self.user_ids_), len(self.item_ids_)))
        counts = np.bincount(self.ratings_.indices, minlength=len(self.item_ids_))
        self.popularity_ = (counts / len(self.user_ids_)).astype(np.float32)
        self.weights_ = self._fit_weights(_with_values(self.ratings_, np.ones_like(self.ratings_.data, dtype=np.float32)))
        if not are_finite(self.weights_):
            raise ValueError("the learned weights aren't all finite")
        return self

    @abstractmethod
    def _fit_weights(self, interactions: csr_array[np.float32]) -> ItemWeights:
        """Return the item-item matrix for interactions of the shape (m, n): 1 where a user has the item, else 0."""

    def predict(self, X: npt.ArrayLike) -> Float32Array:
        """Return the score of each pair of user and item in the shape (pairs,); 0 for ids that the fit didn't see."""
        check_is_fitted(self)
        pairs, _ = _check_pairs(X, None)
        users, items = places(self.user_ids_, pairs[:, 0]), places(self.item_ids_, pairs[:, 1])
        is_known = (users >= 0) & (items >= 0)
        scores = np.zeros(len(pairs), dtype=np.float32)
        rows = _with_values(self.ratings_, self._rating_weights().weigh(self.ratings_.data))[users[is_known]]
        scores[is_known] = rows.multiply(self.weights_[:, items[is_known]].T).sum(axis=1, dtype=np.float32)
        return scores

    def to_model(self, item_ids: StrArray | None = None) -> ItemItemModel:
        """Return the fitted arrays as the model that scores and ranks.

        After a fit on codes, `item_ids` is the table of ids by code, sorted.
        """
        check_is_fitted(self)
        names = self.item_ids_.astype(np.str_) if item_ids is None else item_ids[self.item_ids_]
        return ItemItemModel(names, self.weights_, self.popularity_, self._rating_weights())

    def histories(self, user_ids: npt.NDArray[Any]) -> list[History]:
        """Return the fitted history of each user; an empty one for a user that the fit didn't see."""
        check_is_fitted(self)
        starts, indexes = self.ratings_.indptr, self.ratings_.indices.astype(np.int64)
        rows = [slice(starts[place], starts[place + 1]) if place >= 0 else slice(0) for place in places(self.user_ids_, user_ids)]
        return [History(indexes[row], self.ratings_.data[row]) for row in rows]

    def _rating_weights(self) -> RatingWeights:
        return RatingWeights(self.low_rating, self.full_rating)


def places(sorted_ids: npt.NDArray[Any], ids: npt.NDArray[Any]) -> IntArray:
    """Return the index of each id in `sorted_ids`, -1 for an id that isn't in it."""
    places = np.minimum(np.searchsorted(sorted_ids, ids), len(sorted_ids) - 1)
    return np.where(sorted_ids[places] == ids, places, -1)


def _with_values(matrix: csr_array[np.float64], values: Float32Array) -> csr_array[np.float32]:
    return csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def _check_pairs(X: npt.ArrayLike, y: npt.ArrayLike | None) -> tuple[npt.NDArray[Any], Float64Array]:
    pairs = check_array(X, dtype=None)
    if pairs.shape[1] != 2:
        raise ValueError(f"X has {pairs.shape[1]} columns; it must have two: user and item")
    ratings = np.full(len(pairs), np.nan) if y is None else column_or_1d(y).astype(np.float64, copy=False)
    check_consistent_length(pairs, ratings)
    if np.isinf(ratings).any():
        raise ValueError("y holds an infinite rating")
    return pairs, ratings


def _to_matrix(users: IntArray, items: IntArray, ratings: Float64Array, shape: tuple[int, int]) -> csr_array[np.float64]:
    """Build the CSR matrix from its parts: SciPy's constructor from pairs would add up the ratings of equal pairs."""
    cells = users * shape[1] + items
    _, from_the_end = np.unique(cells[::-1], return_index=True)
    kept = len(cells) - 1 - from_the_end
    starts = np.concatenate([[0], np.cumsum(np.bincount(users[kept], minlength=shape[0]))])
    # int32: products of the matrix then take half the memory of 64-bit indexes.
    return csr_array((ratings[kept], items[kept].astype(np.int32), starts.astype(np.int32)), shape=shape)
