"""The inverse of XᵀX + D, for a diagonal D: the expensive part of a ridge regression of each item on all others.

Two forms give the same matrix. The plain one inverts a matrix of items by items. With fewer users than items, a matrix of users by users
is enough (Woodbury): (XᵀX + D)⁻¹ = D⁻¹ - D⁻¹Xᵀ (I + X D⁻¹ Xᵀ)⁻¹ X D⁻¹. All in float32, which halves time and memory: see docs/adr/0031.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from ml_service.model.cooccurrence import blocks, gram, gram_seconds
from ml_service.model.inversion import invert_in_place
from ml_service.model.sizes import Cost, Sizes

if TYPE_CHECKING:
    from ml_service.model.ratings import Float32Array


def ridge_inverse(interactions: csr_array[np.float32], diagonal: Float32Array) -> Float32Array:
    """Return (XᵀX + D)⁻¹ of the shape (n, n) for X of the shape (m, n) and the positive diagonal of D (n,), by the cheaper form."""
    sizes = Sizes(*interactions.shape, interactions.nnz)
    invert = invert_by_users if cost_by_users(sizes).seconds < cost_by_items(sizes).seconds else invert_by_items
    return invert(interactions, diagonal)


def ridge_cost(sizes: Sizes) -> Cost:
    return min(cost_by_users(sizes), cost_by_items(sizes), key=lambda cost: cost.seconds)


def cost_by_items(sizes: Sizes) -> Cost:
    return Cost(4 * sizes.items**2, gram_seconds(sizes) + 1e-11 * sizes.items**3)


def cost_by_users(sizes: Sizes) -> Cost:
    users, items, interactions = sizes.users, sizes.items, sizes.interactions
    products = 6e-10 * interactions * (users + items) + 1.5e-8 * items**2
    gram = gram_seconds(Sizes(items, users, interactions))
    return Cost(4 * (items**2 + users**2), gram + 1e-11 * users**3 + products)


def invert_by_items(interactions: csr_array[np.float32], diagonal: Float32Array) -> Float32Array:
    matrix = gram(interactions)
    matrix[np.diag_indices_from(matrix)] += diagonal
    invert_in_place(matrix)
    return matrix


def invert_by_users(interactions: csr_array[np.float32], diagonal: Float32Array) -> Float32Array:
    inverse_diagonal = np.reciprocal(diagonal)
    users = gram(_scale(interactions, np.sqrt(inverse_diagonal)).T.tocsr())
    users[np.diag_indices_from(users)] += 1
    invert_in_place(users)
    scaled = _scale(interactions, inverse_diagonal).T.tocsr()
    inverse = np.empty((len(diagonal),) * 2, dtype=np.float32)
    for rows in blocks(len(diagonal)):
        inverse[rows] = (scaled @ -np.ascontiguousarray((scaled[rows] @ users).T)).T
    inverse[np.diag_indices_from(inverse)] += inverse_diagonal
    return inverse


def _scale(matrix: csr_array[np.float32], factors: Float32Array) -> csr_array[np.float32]:
    """Multiply each column by its factor."""
    return csr_array((matrix.data * factors[matrix.indices], matrix.indices, matrix.indptr), shape=matrix.shape)
