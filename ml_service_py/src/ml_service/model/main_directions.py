"""The main directions of the data, added to an item-item matrix: a truncated SVD in which weaker directions count less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import diags_array
from scipy.sparse.linalg import svds

from ml_service.model.cooccurrence import blocks

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from ml_service.model.ratings import Float32Array
    from ml_service.model.sizes import Sizes

#: Each item's column is divided by its count to this power, so that popular items don't dominate the directions.
#: Source: S. Park and others: Why is Normalization Necessary for Linear Recommenders?, 2025.
POPULARITY_EXPONENT = 0.25
#: How fast the weight of a direction falls with its strength: see docs/adr/0006.
FADING_EXPONENT = 4
#: Directions weaker than this share of the strongest are rounding errors.
NOISE_SHARE = 1e-4


def directions_seconds(sizes: Sizes, rank: float) -> float:
    """Return the time of `add_main_directions` on one core, measured."""
    return 2e-8 * rank * sizes.interactions + 3e-7 * rank * (sizes.users + sizes.items) + 4e-11 * rank * sizes.items**2


def add_main_directions(weights: Float32Array, interactions: csr_array[np.float32], rank: int) -> None:
    """Add D⁻¹ V F Vᵀ D to the weights (n, n), for interactions of the shape (m, n). Each item must have at least one interaction.

    V (n, rank) holds the right singular vectors of interactions · D⁻¹. D holds the items' counts to the power of a quarter.
    F is 1 - (s / sᵢ)⁴, with sᵢ the singular values and s the first one left out. Data with fewer than `rank` directions gives fewer.
    """
    count = min(rank + 1, min(interactions.shape) - 1)
    if count < 2:
        return
    scale = np.bincount(interactions.indices, minlength=interactions.shape[1]) ** POPULARITY_EXPONENT
    _, strengths, directions = svds(interactions @ diags_array(1 / scale), k=count, rng=0)
    floor = max(strengths.min(), NOISE_SHARE * strengths.max())
    fading = 1 - (floor / np.maximum(strengths, floor)) ** FADING_EXPONENT
    sources, targets = directions.T / scale[:, None] * fading, directions * scale
    for rows in blocks(len(weights)):
        weights[rows] += sources[rows].astype(np.float32) @ targets.astype(np.float32)
