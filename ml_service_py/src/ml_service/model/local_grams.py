"""Small grams of many groups of items in one pass over the data: the sparse gram as a whole would take more memory than there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml_service.model.cooccurrence import gram_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array, IntArray


def local_grams(interactions: csr_array[np.float32], groups: IntArray) -> Float32Array:
    """Return, for each group of k items, the k rows and columns of XᵀX that are its items. Shape: (groups, k, k).

    X has the shape (m, n), `groups` (groups, k). The item n stands for none: its rows and columns are 0.
    """
    count, size = interactions.shape[1], groups.shape[1]
    grams = np.zeros((*groups.shape, size), dtype=np.float32)
    rows_of_grams = grams.reshape(-1, size)
    #: The places of each item in the groups, item by item.
    places = np.argsort(groups, axis=None, kind="stable")
    starts = np.searchsorted(groups.ravel()[places], np.arange(count + 1))
    dense_row = np.zeros(count + 1, dtype=np.float32)
    for rows, block in gram_rows(interactions):
        for row, item in enumerate(range(rows.start, rows.stop)):
            of_item = places[starts[item] : starts[item + 1]]
            entries = slice(block.indptr[row], block.indptr[row + 1])
            dense_row[block.indices[entries]] = block.data[entries]
            rows_of_grams[of_item] = dense_row.take(groups[of_item // size])
            dense_row[block.indices[entries]] = 0
    return grams
