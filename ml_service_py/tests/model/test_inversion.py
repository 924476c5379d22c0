"""Computation in blocks and in place gives the same results as the plain way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import LinAlgError
from scipy.sparse import csr_array

from ml_service.model import cooccurrence
from ml_service.model.cooccurrence import gram
from ml_service.model.inversion import invert_in_place


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks so small that these matrices have several, and a last one that isn't full."""
    monkeypatch.setattr(cooccurrence, "BLOCK_ROWS", 7)


def test_the_gram_matrix_in_blocks_equals_that_of_the_whole() -> None:
    dense = np.random.default_rng(1).integers(2, size=(30, 19)).astype(np.float32)

    assert np.array_equal(gram(csr_array(dense)), dense.T @ dense)


def test_the_inverse_replaces_the_matrix() -> None:
    factors = np.random.default_rng(2).random((40, 19), dtype=np.float32)
    matrix = factors.T @ factors + np.eye(19, dtype=np.float32)
    plain = np.linalg.inv(matrix)

    invert_in_place(matrix)

    assert np.allclose(matrix, plain, atol=1e-5)


def test_a_matrix_without_an_inverse_is_rejected() -> None:
    with pytest.raises(LinAlgError):
        invert_in_place(np.zeros((3, 3), dtype=np.float32))
