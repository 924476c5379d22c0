"""The directions in which the data varies most, as an item-item matrix: a truncated SVD whose weaker directions fade out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import diags_array
from scipy.sparse.linalg import svds

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array

#: An item's column is divided by so many powers of its count, so that the directions aren't all about the most popular items.
#: Normalising by a chosen power is of S. Park and others: Why is Normalization Necessary for Linear Recommenders?, 2025.
POPULARITY_EXPONENT = 0.25
#: How sharply directions fade: see docs/adr/0006.
FADING_EXPONENT = 4
#: Directions weaker than this share of the strongest are rounding errors.
NOISE_SHARE = 1e-4


def main_directions(interactions: csr_array[np.float32], rank: int) -> Float32Array:
    """Gives D⁻¹ V F Vᵀ D of shape (n, n) for interactions of shape (m, n), each item with at least one.

    V (n, rank) are the right singular vectors of interactions · D⁻¹, D the items' counts to the power of a quarter, and
    F is 1 - (s / sᵢ)⁴, with sᵢ the singular values and s the first that is left out. Data with fewer directions has fewer.
    """
    count = min(rank + 1, min(interactions.shape) - 1)
    if count < 2:
        return np.zeros((interactions.shape[1],) * 2, dtype=np.float32)
    scale = np.bincount(interactions.indices, minlength=interactions.shape[1]) ** POPULARITY_EXPONENT
    _, strengths, directions = svds(interactions @ diags_array(1 / scale), k=count, rng=0)
    floor = max(strengths.min(), NOISE_SHARE * strengths.max())
    fading = 1 - (floor / np.maximum(strengths, floor)) ** FADING_EXPONENT
    sources, targets = directions.T / scale[:, None] * fading, directions * scale
    return np.asarray(sources.astype(np.float32) @ targets.astype(np.float32))
