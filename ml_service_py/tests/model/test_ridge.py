"""The inverse by users equals the inverse by items, the cheaper one is used, and neither needs more memory than it states."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.sparse import csr_array

from ml_service.model import cooccurrence, ridge
from ml_service.model.ease import EASE
from ml_service.model.ridge import cost_by_items, cost_by_users, invert_by_items, invert_by_users, ridge_cost, ridge_inverse
from ml_service.model.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.model.ratings import Float32Array
    from ml_service.model.sizes import Cost

    Invert = Callable[[csr_array[np.float32], Float32Array], Float32Array]

FORMS = [invert_by_items, invert_by_users]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks so small that these matrices have several, and a last one that isn't full."""
    monkeypatch.setattr(cooccurrence, "BLOCK_ROWS", 7)


def made_up(users: int, items: int, share: float = 0.2) -> csr_array[np.float32]:
    dense = np.random.default_rng(1).random((users, items)).astype(np.float32)
    return csr_array(np.where(dense < share, dense, 0))


@pytest.mark.parametrize("invert", FORMS)
@pytest.mark.parametrize("shape", [(40, 23), (23, 40), (5, 60)])
def test_both_forms_equal_the_plain_inverse(invert: Invert, shape: tuple[int, int]) -> None:
    data = made_up(*shape)
    diagonal = np.linspace(0.5, 9, shape[1], dtype=np.float32)

    inverse = invert(data, diagonal)

    np.testing.assert_allclose(inverse, np.linalg.inv((data.T @ data).toarray() + np.diag(diagonal).astype(float)), atol=2e-6)


def test_ease_learns_the_same_weights_by_either_form(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = np.argwhere(made_up(30, 80).toarray())
    learned = []

    for invert in FORMS:
        monkeypatch.setattr("ml_service.model.ease.ridge_inverse", invert)
        learned.append(EASE(l2=2.0, rank=3).fit(pairs).weights_)

    np.testing.assert_allclose(learned[0], learned[1], atol=1e-6)
    assert np.abs(learned[0]).max() > 0.01


@pytest.mark.parametrize(("users", "form"), [(1_000, "invert_by_users"), (30_000, "invert_by_items")])
def test_the_form_with_the_lower_estimate_is_used(users: int, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    for name in ("invert_by_users", "invert_by_items"):
        monkeypatch.setattr(ridge, name, lambda _data, _diagonal, name=name: used.append(name))
    sizes = Sizes(users, 10_000, users * 20)

    ridge_inverse(csr_array((np.ones(users * 20), (np.arange(users * 20) // 20, np.arange(users * 20) % 10_000))), np.ones(10_000))

    assert used == [form]
    assert ridge_cost(sizes).seconds == min(cost_by_users(sizes).seconds, cost_by_items(sizes).seconds)


@pytest.mark.parametrize(("invert", "cost"), [(invert_by_items, cost_by_items), (invert_by_users, cost_by_users)])
def test_a_form_takes_little_more_than_its_stated_memory(invert: Invert, cost: Callable[[Sizes], Cost]) -> None:
    data = made_up(200, 1_000, share=0.02)
    stated = cost(Sizes(200, 1_000, data.nnz)).bytes

    tracemalloc.start()
    invert(data, np.ones(1_000, dtype=np.float32))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert stated <= peak < 1.25 * stated
