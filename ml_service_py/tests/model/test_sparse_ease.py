"""EASE on the nearest items: equal to EASE with all items, and close to it with few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matrices import dense
from planted import checkerboard, tastes
from scipy.sparse import csr_array

from ml_service.model import cooccurrence, sparse_ease
from ml_service.model.ease import EASE
from ml_service.model.holdout import split_by_item
from ml_service.model.item_knn import ItemKNN
from ml_service.model.local_grams import local_grams
from ml_service.model.metrics import ranking_metrics
from ml_service.model.neighbours import nearest_items
from ml_service.model.sparse_ease import SparseEASE

if TYPE_CHECKING:
    from ml_service.model.item_item import ItemItemEstimator


@pytest.fixture
def interactions() -> csr_array[np.float32]:
    chance = np.random.default_rng(0)
    return csr_array((chance.random((200, 30)) < 0.2).astype(np.float32))


def ndcg(estimator: ItemItemEstimator) -> float:
    train, test = split_by_item(tastes(), seed=1)
    return ranking_metrics(estimator.fit(train.pairs, train.ratings), test.pairs)["ndcg_at_10"]


def test_with_all_items_as_the_nearest_it_is_ease() -> None:
    data = tastes(users=1000, items=40, groups=4)

    sparse = SparseEASE(l2=5.0, n_neighbors=1000).fit(data.pairs, data.ratings)

    whole = EASE(l2=5.0).fit(data.pairs, data.ratings).weights_
    np.testing.assert_allclose(dense(sparse.weights_), whole, atol=1e-5)


def test_with_a_tenth_of_the_items_it_loses_little_against_ease_and_beats_item_knn() -> None:
    sparse, whole, knn = ndcg(SparseEASE(l2=50.0, n_neighbors=100)), ndcg(EASE(l2=50.0)), ndcg(ItemKNN(n_neighbors=100, shrinkage=20.0))

    assert sparse > 0.98 * whole
    assert sparse > 1.01 * knn


def test_it_keeps_at_most_the_nearest_of_each_item() -> None:
    data = tastes()

    weights = SparseEASE(n_neighbors=7).fit(data.pairs, data.ratings).weights_

    assert np.bincount(weights.indices).max() == 7
    assert weights.diagonal().max() == 0


def test_several_passes_over_the_data_give_the_weights_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    data = tastes(users=200, items=100)
    at_once = SparseEASE(n_neighbors=20).fit(data.pairs, data.ratings)
    monkeypatch.setattr(sparse_ease, "GRAM_BYTES", 4 * 21 * 21 * 30)
    monkeypatch.setattr(sparse_ease, "SOLVED_AT_ONCE", 7)

    in_passes = SparseEASE(n_neighbors=20).fit(data.pairs, data.ratings)

    np.testing.assert_allclose(dense(in_passes.weights_), dense(at_once.weights_), atol=1e-6)


def test_items_that_nobody_has_together_get_no_weights() -> None:
    data = checkerboard()

    weights = dense(SparseEASE(n_neighbors=15).fit(data.pairs, data.ratings).weights_)

    assert (weights[::2, 1::2] == 0).all()


def test_local_grams_are_parts_of_the_whole_gram(interactions: csr_array[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooccurrence, "BLOCK_ROWS", 7)
    groups = np.random.default_rng(1).integers(31, size=(12, 5))

    grams = local_grams(interactions, groups)

    whole = np.zeros((31, 31))
    whole[:30, :30] = (interactions.T @ interactions).toarray()
    for gram, items in zip(grams, groups, strict=True):
        np.testing.assert_array_equal(gram, whole[np.ix_(items, items)])


def test_the_nearest_items_have_the_highest_shrunk_cosine(interactions: csr_array[np.float32]) -> None:
    nearest = nearest_items(interactions, 4, shrinkage=3.0)

    columns = interactions.toarray()
    norms = np.linalg.norm(columns, axis=0)
    similarities = columns.T @ columns / (np.outer(norms, norms) + 3)
    np.fill_diagonal(similarities, 0)
    highest = np.argsort(-similarities, axis=1, kind="stable")[:, :4]
    np.testing.assert_array_equal(np.diff(nearest.indptr), np.full(30, 4))
    np.testing.assert_array_equal(nearest.indices.reshape(30, 4), np.sort(highest, axis=1))
    np.testing.assert_allclose(nearest.data.reshape(30, 4), np.take_along_axis(similarities, np.sort(highest, axis=1), axis=1), rtol=1e-6)
