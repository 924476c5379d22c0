"""The weights of a fitted estimator as a dense matrix, whichever form it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml_service.model.item_weights import ItemWeights
    from ml_service.model.ratings import Float32Array


def dense(weights: ItemWeights) -> Float32Array:
    return weights if isinstance(weights, np.ndarray) else weights.toarray()
