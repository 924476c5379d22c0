"""The main directions: they equal the formula, they add relations that a regression misses, and data may have few or none."""

from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_array

from ml_service.model.ease import EASE
from ml_service.model.main_directions import FADING_EXPONENT, NOISE_SHARE, POPULARITY_EXPONENT, add_main_directions
from ml_service.model.ratings import Float32Array

#: Two groups of items. A user has three of one group, but the items 0 and 1 never together.
GROUPS = (range(5), range(5, 10))
HISTORIES = [items for group in GROUPS for items in combinations(group, 3) if not {0, 1} <= set(items)]
PAIRS = [(user, item) for user, items in enumerate(HISTORIES) for item in items]


def interactions() -> csr_array[np.float32]:
    users, items = np.array(PAIRS).T
    return csr_array((np.ones(len(PAIRS), dtype=np.float32), (users, items)))


def main_directions(data: csr_array[np.float32], rank: int) -> Float32Array:
    weights = np.zeros((data.shape[1],) * 2, dtype=np.float32)
    add_main_directions(weights, data, rank)
    return weights


def test_the_result_equals_that_of_a_dense_decomposition() -> None:
    data = csr_array((np.random.default_rng(3).random((30, 20)) < 0.4).astype(np.float32))
    scale = data.sum(axis=0) ** POPULARITY_EXPONENT
    _, strengths, directions = np.linalg.svd(data.toarray() / scale)
    fading = 1 - (strengths[4] / strengths[:4]) ** FADING_EXPONENT

    found = main_directions(data, rank=4)

    np.testing.assert_allclose(found, (directions[:4].T * fading) @ directions[:4] * scale / scale[:, None], atol=1e-5)


def test_items_of_a_group_have_positive_weights_even_if_no_user_has_both() -> None:
    regression, both = (EASE(l2=1.0, rank=rank).fit(PAIRS).weights_ for rank in (0, 2))

    assert regression[0, 1] < 0
    assert both[0, 1] > 0
    assert np.abs(both[:5, 5:]).max() < 1e-5


def test_the_weight_of_an_item_for_itself_is_0() -> None:
    weights = EASE(l2=1.0, rank=2).fit(PAIRS).weights_

    assert not np.diag(weights).any()


def test_rounding_errors_are_no_directions() -> None:
    two_directions = csr_array(np.kron(np.eye(2), np.ones((6, 7))).astype(np.float32))

    found = main_directions(two_directions, rank=9)

    np.testing.assert_allclose(found, np.kron(np.eye(2), np.full((7, 7), 1 / 7)), atol=2 * NOISE_SHARE)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (2, 2)])
def test_data_that_is_too_small_has_no_direction(shape: tuple[int, int]) -> None:
    assert not main_directions(csr_array(np.ones(shape, dtype=np.float32)), rank=8).any()


def test_the_same_data_gives_the_same_directions() -> None:
    np.testing.assert_array_equal(main_directions(interactions(), 3), main_directions(interactions(), 3))
