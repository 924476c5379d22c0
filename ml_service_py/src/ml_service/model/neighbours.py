"""The nearest items of each item: those that share most users with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

from ml_service.model.cooccurrence import gram_rows

if TYPE_CHECKING:
    from ml_service.model.ratings import Float32Array, IntArray


def nearest_items(interactions: csr_array[np.float32], count: int, shrinkage: float) -> csr_array[np.float32]:
    """Return the similarity of each item (row) to its `count` nearest other items (columns), for interactions of the shape (m, n).

    It is the cosine of the items' columns. `shrinkage` is added to the product of the norms: it lowers the similarity of items that few
    users have. Of equally near items, those with the lower index are kept.
    """
    norms = np.sqrt(np.bincount(interactions.indices, minlength=interactions.shape[1])).astype(np.float32)
    kept = []
    for rows, similarities in gram_rows(interactions):
        items = np.repeat(np.arange(rows.start, rows.stop), np.diff(similarities.indptr))
        similarities.data /= norms[items] * norms[similarities.indices] + np.float32(shrinkage)
        similarities.data[similarities.indices == items] = 0
        similarities.eliminate_zeros()
        kept.append(_strongest(similarities, count))
    return vstack(kept, format="csr")


def _strongest(matrix: csr_array[np.float32], count: int) -> csr_array[np.float32]:
    """Return the matrix with only the `count` highest entries of each row."""
    matrix.sort_indices()
    ends = zip(matrix.indptr[:-1].tolist(), matrix.indptr[1:].tolist(), strict=True)
    places = [start + _highest(matrix.data[start:end], count) for start, end in ends]
    starts = np.concatenate([[0], np.cumsum([len(of_row) for of_row in places])]).astype(np.int32)
    kept = np.concatenate(places)
    return csr_array((matrix.data[kept], matrix.indices[kept], starts), shape=matrix.shape)


def _highest(values: Float32Array, count: int) -> IntArray:
    """Return the places of the `count` highest values in rising order. Of equal values the first are kept."""
    if len(values) <= count:
        return np.arange(len(values))
    floor = np.partition(values, len(values) - count)[len(values) - count]
    is_kept = values > floor
    is_kept[np.flatnonzero(values == floor)[: count - np.count_nonzero(is_kept)]] = True
    return np.flatnonzero(is_kept)
