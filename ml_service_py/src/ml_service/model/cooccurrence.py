"""How often two items are in the same history: XᵀX, computed in blocks of rows.

A sparse XᵀX as a whole would take more memory than the dense result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array
    from ml_service.model.sizes import Sizes

BLOCK_ROWS = 1024


def blocks(count: int) -> Iterator[slice]:
    """Yield slices of at most BLOCK_ROWS rows that cover `count` rows."""
    return (slice(start, min(start + BLOCK_ROWS, count)) for start in range(0, count, BLOCK_ROWS))


def gram_rows(interactions: csr_array[np.float32]) -> Iterator[tuple[slice, csr_array[np.float32]]]:
    """Yield the rows of XᵀX for X of shape (m, n), in sparse blocks of the shape (rows, n)."""
    columns = interactions.T.tocsr()
    for rows in blocks(columns.shape[0]):
        yield rows, columns[rows] @ interactions


def pairs_seconds(sizes: Sizes) -> float:
    """Return the time of `gram_rows` on one core, measured: it visits each pair of items of each history."""
    return 1e-8 * sizes.interactions**2 / max(sizes.users, 1)


def gram_seconds(sizes: Sizes) -> float:
    """Return the time of `gram` on one core, measured: it visits each entry of the result, too."""
    return pairs_seconds(sizes) + 1e-8 * sizes.items**2


def gram(interactions: csr_array[np.float32]) -> Float32Array:
    """Return XᵀX of the shape (n, n)."""
    full = np.empty((interactions.shape[1],) * 2, dtype=np.float32)
    for rows, block in gram_rows(interactions):
        full[rows] = block.toarray()
    return full
