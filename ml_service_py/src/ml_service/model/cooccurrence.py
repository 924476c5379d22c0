"""How often two items are in one history, a block of rows at a time: what is sparse on the way would take more room than the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array, Float64Array

BLOCK_ROWS = 1024


def blocks(count: int) -> Iterator[slice]:
    """Cuts so many rows into slices."""
    return (slice(start, min(start + BLOCK_ROWS, count)) for start in range(0, count, BLOCK_ROWS))


def gram_blocks(interactions: csr_array[np.float32]) -> Iterator[tuple[slice, Float32Array]]:
    """Gives the rows of XᵀX for X of shape (m, n), in blocks of the shape (rows, n)."""
    columns = interactions.T.tocsr()
    for rows in blocks(columns.shape[0]):
        yield rows, (columns[rows] @ interactions).toarray()


def gram(interactions: csr_array[np.float32]) -> Float64Array:
    """Gives XᵀX of shape (n, n)."""
    full = np.empty((interactions.shape[1],) * 2)
    for rows, block in gram_blocks(interactions):
        full[rows] = block
    return full
