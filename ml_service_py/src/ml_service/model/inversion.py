"""Inverts a large positive definite matrix in its own memory. `scipy.linalg.inv` allocates three more matrices of the same size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import spotrf, spotri

from ml_service.model.cooccurrence import blocks

if TYPE_CHECKING:
    from ml_service.model.ratings import Float32Array


def invert_in_place(matrix: Float32Array) -> None:
    """Replace a symmetric, positive definite matrix in C order by its inverse (Cholesky). Raises LinAlgError for any other matrix."""
    # LAPACK stores matrices by columns: it reads the transposed view as the lower triangle of the same matrix.
    columns = matrix.T
    _, failed = spotrf(columns, lower=True, overwrite_a=True, clean=False)
    if not failed:
        _, failed = spotri(columns, lower=True, overwrite_c=True)
    if failed:
        raise LinAlgError("The matrix isn't positive definite.")
    for rows in blocks(len(columns)):
        columns[rows, rows.stop :] = columns[rows.stop :, rows].T
        corner = np.tril(columns[rows, rows])
        columns[rows, rows] = corner + np.tril(corner, -1).T
