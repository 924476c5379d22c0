"""The item-item matrix of a model, dense or sparse. This file hides the difference: other code reads rows, entries and products.

A dense matrix of n items takes 4 · n² bytes. A sparse one takes 8 bytes for each pair of items that it has a weight for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from ml_service.model.ratings import Float32Array

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ml_service.model.ratings import IntArray

#: float32 of the shape (n, n). A sparse matrix holds at most one weight for a pair, and the columns of each row are sorted.
ItemWeights = Float32Array | csr_array

#: With more items, a recommender that replaces one version by another would hold two dense matrices of more than 1.6 GB.
ITEMS_MAX_DENSE = 20_000

#: The arrays of both forms in a file, by name: kind of dtype and number of dimensions.
DENSE_LAYOUT = {"weights": ("f4", 2)}
SPARSE_LAYOUT = {"weights_data": ("f4", 1), "weights_columns": ("i", 1), "weights_starts": ("i", 1)}


def stored_by_rows(weights: ItemWeights) -> ItemWeights:
    """Return the matrix in the form that answers read fast: whole rows. Otherwise each answer would transpose it."""
    if isinstance(weights, np.ndarray):
        return np.ascontiguousarray(weights)
    rows = weights.tocsr()
    rows.sum_duplicates()
    starts, columns = (indexes.astype(np.int32, copy=False) for indexes in (rows.indptr, rows.indices))
    return csr_array((rows.data, columns, starts), shape=rows.shape)


def product(histories: csr_array[np.float32], weights: ItemWeights) -> Float32Array:
    """Return histories · weights as a dense array of the shape (histories, n). The histories have 32-bit indexes, like the weights.

    For two sizes of indexes, SciPy would copy those of the whole matrix for each product.
    """
    scores = histories @ weights
    return np.asarray(scores if isinstance(scores, np.ndarray) else scores.toarray(), dtype=np.float32)


def row(weights: ItemWeights, index: int) -> Float32Array:
    """Return one row as a dense array of the shape (n,)."""
    found: Float32Array = weights[index] if isinstance(weights, np.ndarray) else weights[index].toarray()
    return found


def entries(weights: ItemWeights, rows: IntArray, columns: IntArray) -> Float32Array:
    """Return the weights where these rows and columns cross, as a dense array of the shape (columns, rows)."""
    if isinstance(weights, np.ndarray):
        # Flat indexes are faster than an index by rows and columns: see benchmarks/NOTES.md.
        return np.asarray(weights.take(rows * weights.shape[1] + columns[:, None]))
    return np.ascontiguousarray(weights[rows][:, columns].toarray().T)


def are_finite(weights: ItemWeights) -> bool:
    # Row by row: for a whole matrix, `isfinite` would allocate a quarter of its size.
    return all(np.isfinite(row).all() for row in (weights if isinstance(weights, np.ndarray) else [weights.data]))


def to_arrays(weights: ItemWeights) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of the form's layout."""
    if isinstance(weights, np.ndarray):
        return {"weights": weights}
    return {"weights_data": weights.data, "weights_columns": weights.indices, "weights_starts": weights.indptr}


def from_arrays(arrays: Mapping[str, npt.NDArray[Any]], item_count: int) -> ItemWeights:
    """Build the matrix from checked arrays of one of the layouts. Raises ValueError if they are no item-item matrix."""
    if "weights" in arrays:
        return arrays["weights"]
    parts = (arrays["weights_data"], arrays["weights_columns"], arrays["weights_starts"])
    weights = csr_array(parts, shape=(item_count, item_count))
    weights.check_format(full_check=True)
    if not weights.has_canonical_format:
        raise ValueError("the columns of the sparse weights must be sorted and without duplicates")
    return weights
