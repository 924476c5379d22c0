"""Scoring, ranking and reasons, on a matrix small enough to add up by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csc_array, csr_array

from ml_service.model.item_weights import ItemWeights
from ml_service.model.ratings import Float32Array, RatingWeights
from ml_service.model.reasons import why
from ml_service.model.scoring import (
    History,
    ItemItemModel,
    Ranking,
    add_rating,
    contributions,
    history_of,
    rank,
    recommend,
    score,
    score_users,
    similar,
    top_indexes,
)

WEIGHTS = np.array(
    [
        [0.0, 0.5, 0.2, 0.0, 0.0],
        [0.5, 0.0, 0.0, 0.1, 0.0],
        [0.8, 0.0, 0.0, -0.3, 0.0],
        [0.0, 0.1, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0],
    ],
    dtype=np.float32,
)


WEIGH = RatingWeights(1.5, 3.0)


FORMS: list[Callable[[Float32Array], ItemWeights]] = [np.asarray, csr_array]
in_both_forms = pytest.mark.parametrize("form", FORMS, ids=["dense", "sparse"])


@pytest.fixture(params=FORMS, ids=["dense", "sparse"])
def model(request: pytest.FixtureRequest) -> ItemItemModel:
    popularity = np.array([0.1, 0.2, 0.3, 0.4, 0.4], dtype=np.float32)
    return ItemItemModel(np.array(["a", "b", "c", "d", "e"]), request.param(WEIGHTS), popularity, WEIGH)


def random_model(form: Callable[[Float32Array], ItemWeights]) -> ItemItemModel:
    """Return a model of 50 items, in which nine of ten weights are 0."""
    chance = np.random.default_rng(0)
    weights = chance.normal(size=(50, 50)) * (chance.random((50, 50)) < 0.1)
    return ItemItemModel(
        np.array([f"{number:02}" for number in range(50)]), form(weights.astype(np.float32)), np.linspace(1, 0, 50, dtype=np.float32), WEIGH
    )


def random_histories() -> list[History]:
    chance = np.random.default_rng(1)
    return [History(chance.choice(50, size, replace=False), np.full(size, 2.6)) for size in chance.integers(0, 30, 40)]


def ids(model: ItemItemModel, indexes: np.ndarray) -> str:
    return "".join(model.item_ids[indexes])


def test_a_batch_gets_the_same_scores_as_each_of_its_histories_alone(model: ItemItemModel) -> None:
    histories = [history_of(model, rated) for rated in ({"a": 5.0}, {}, {"b": 5.0, "c": None}, {"d": 1.0})]

    together = score(model, histories)

    np.testing.assert_array_equal(together, np.concatenate([score(model, [history]) for history in histories]))
    assert together[2].tolist() == pytest.approx([1.3, 0, 0, -0.2, 0])


def test_each_history_of_a_batch_has_its_own_limit(model: ItemItemModel) -> None:
    first, second = recommend(model, [history_of(model, {"a": 5.0})] * 2, [1, 4])

    assert ids(model, first.indexes) == "b"
    assert ids(model, second.indexes) == "bcde"
    assert second.scores.tolist() == pytest.approx([0.5, 0.2, 0, 0])


def test_a_batch_is_ranked_like_each_of_its_users_alone() -> None:
    model = random_model(np.asarray)
    users, limits = score_users(model, random_histories()), np.random.default_rng(0).integers(1, 20, 40).tolist()

    rankings = rank(model, users, limits)

    for user, limit, ranking in zip(users, limits, rankings, strict=True):
        unseen = np.flatnonzero(user.scores > -np.inf)
        best = unseen[np.argsort(-(user.scores + model.tie_breaks)[unseen], kind="stable")][:limit]
        np.testing.assert_array_equal(ranking.indexes, best)
        np.testing.assert_array_equal(ranking.scores, user.scores[best])
        assert ranking.is_personal == user.is_personal


def test_a_history_that_scores_no_item_is_answered_by_popularity(model: ItemItemModel) -> None:
    rated: list[dict[str, float | None]] = [{}, {"x": 5.0}, {"e": 5.0}, {"a": 1.0}]

    empty, unknown, silent, low = recommend(model, [history_of(model, entry) for entry in rated], [5] * 4)

    assert [ids(model, ranking.indexes) for ranking in (empty, unknown, silent, low)] == ["decba", "decba", "dcba", "decb"]
    assert empty.scores.tolist() == pytest.approx([0.4, 0.4, 0.3, 0.2, 0.1])
    assert not any(ranking.is_personal for ranking in (empty, unknown, silent, low))


def test_an_item_with_a_low_rating_is_not_recommended_again(model: ItemItemModel) -> None:
    (ranking,) = recommend(model, [history_of(model, {"a": 5.0, "b": 1.0})], [5])

    assert ids(model, ranking.indexes) == "cde"
    assert ranking.is_personal


def test_a_dense_matrix_stored_by_columns_is_stored_by_rows_once(model: ItemItemModel) -> None:
    turned = replace(model, weights=np.asfortranarray(WEIGHTS))

    assert turned.weights.flags.c_contiguous
    np.testing.assert_array_equal(turned.weights, WEIGHTS)


def test_a_sparse_matrix_stored_by_columns_is_stored_by_sorted_rows_once(model: ItemItemModel) -> None:
    turned = replace(model, weights=csc_array(WEIGHTS))

    assert turned.weights.format == "csr"
    assert turned.weights.has_canonical_format
    assert turned.weights.indices.dtype == turned.weights.indptr.dtype == np.int32
    np.testing.assert_array_equal(turned.weights.toarray(), WEIGHTS)


def test_a_sparse_model_answers_as_the_dense_one() -> None:
    dense, sparse = (random_model(form) for form in FORMS)
    histories = random_histories()
    users, others = score_users(dense, histories), score_users(sparse, histories)
    rankings = rank(dense, users, [10] * len(users))

    for user, other in zip(users, others, strict=True):
        np.testing.assert_array_equal(other.scores, user.scores)
    for reasons, other_reasons in zip(why(dense, users, rankings), why(sparse, others, rankings), strict=True):
        np.testing.assert_array_equal(other_reasons, reasons)
    for ranking, history in zip(rankings, histories, strict=True):
        expected = contributions(dense, history, ranking.indexes)
        np.testing.assert_array_equal(contributions(sparse, history, ranking.indexes), expected)
    for item in range(50):
        near, other_near = similar(dense, item, 10), similar(sparse, item, 10)
        np.testing.assert_array_equal(other_near.indexes, near.indexes)
        np.testing.assert_array_equal(other_near.scores, near.scores)


def test_a_batch_without_histories_gets_no_rankings(model: ItemItemModel) -> None:
    assert recommend(model, [], []) == []
    assert score(model, []).shape == (0, 5)


def test_reasons_are_at_most_two_items_that_add_to_the_score_strongest_first(model: ItemItemModel) -> None:
    users = score_users(model, [history_of(model, {"a": 5.0, "b": 5.0, "c": 5.0, "d": 1.0}), history_of(model, {})])
    ranking = Ranking(np.array([0, 1, 3, 4]), np.zeros(4), is_personal=True)

    reasons, none = why(model, users, [ranking, ranking])

    assert [ids(model, reason[reason >= 0]) for reason in reasons] == ["cb", "a", "b", ""]
    assert (none == -1).all()


def test_reasons_are_the_items_with_the_highest_contributions() -> None:
    chance = np.random.default_rng(0)
    ids = [str(number) for number in range(50)]
    weights = chance.integers(-3, 4, (50, 50)).astype(np.float32)
    model = ItemItemModel(np.array(ids), weights, np.linspace(1, 0, 50, dtype=np.float32), RatingWeights(0, 5))
    histories = [history_of(model, dict.fromkeys(chance.choice(ids, size).tolist(), 3.0)) for size in chance.integers(1, 30, 40)]
    rankings = recommend(model, histories, [10] * 40)

    reasons = why(model, score_users(model, histories), rankings)

    for history, ranking, found in zip(histories, rankings, reasons, strict=True):
        added = contributions(model, history, ranking.indexes)
        best = np.argsort(-added, axis=0, kind="stable")[:2].T
        is_reason = np.take_along_axis(added.T, best, axis=1) > 0
        np.testing.assert_array_equal(found[:, : best.shape[1]], np.where(is_reason, history.indexes[best], -1))


def test_adding_a_rating_gives_the_same_bits_as_scoring_the_longer_history(model: ItemItemModel) -> None:
    (before, scored) = score_users(model, [history_of(model, rated) for rated in ({"a": 5.0}, {"a": 5.0, "b": 2.5})])

    added = add_rating(model, before, 1, 2.5)

    assert added is not None
    np.testing.assert_array_equal(added.scores, scored.scores)
    np.testing.assert_array_equal(added.weights, scored.weights)
    np.testing.assert_array_equal(added.history.indexes, scored.history.indexes)


@in_both_forms
def test_adding_ratings_one_by_one_gives_the_bits_of_scoring_at_once(form: Callable[[Float32Array], ItemWeights]) -> None:
    model = random_model(form)
    for history in random_histories():
        (scored,) = score_users(model, [history])
        if not scored.is_personal:
            continue
        start = next(count for count in range(1, 31) if score_users(model, [first(history, count)])[0].is_personal)
        (user,) = score_users(model, [first(history, start)])

        for index, rating in zip(history.indexes[start:].tolist(), history.ratings[start:].tolist(), strict=True):
            user = add_rating(model, user, index, rating) or user

        np.testing.assert_array_equal(user.scores, scored.scores)


def first(history: History, count: int) -> History:
    return History(history.indexes[:count], history.ratings[:count])


def test_a_rating_is_not_added_for_a_known_item_or_to_popularity_scores(model: ItemItemModel) -> None:
    known, silent = score_users(model, [history_of(model, rated) for rated in ({"a": 5.0}, {"e": 5.0})])

    assert add_rating(model, known, 0, 1.0) is None
    assert add_rating(model, silent, 0, 5.0) is None


def test_contributions_add_up_to_the_scores(model: ItemItemModel) -> None:
    history = history_of(model, {"a": 5.0, "b": 4.0, "c": 1.0})

    added = contributions(model, history, np.arange(5))

    np.testing.assert_allclose(added.sum(axis=0), score(model, [history])[0], rtol=1e-6)


def test_similar_items_add_to_the_scores_of_each_other(model: ItemItemModel) -> None:
    ranking = similar(model, 0, 2)

    assert ids(model, ranking.indexes) == "bc"
    assert ranking.scores.tolist() == pytest.approx([0.5, 0.4])
    assert 0 not in similar(model, 0, 100).indexes


def test_arrays_of_different_sizes_are_rejected() -> None:
    with pytest.raises(ValueError, match="2 items"):
        ItemItemModel(np.array(["a", "b"]), WEIGHTS, np.zeros(2, dtype=np.float32), RatingWeights(1.5, 3.0))


@pytest.mark.parametrize("count", [1, 10, 100, 101, 1000])
def test_the_top_indexes_are_the_first_of_all_sorted_keys(count: int) -> None:
    keys = np.random.default_rng(0).integers(0, 50, (20, 101)) + np.linspace(0.5, 0, 101)
    keys[:, ::3] = -np.inf
    keys[0] = -np.inf

    top = top_indexes(keys, count)

    top_keys, highest_first = np.take_along_axis(keys, top, axis=1), np.argsort(-keys, axis=1, kind="stable")[:, :count]
    np.testing.assert_array_equal(top_keys, np.take_along_axis(keys, highest_first, axis=1))
    np.testing.assert_array_equal(top[np.isfinite(top_keys)], highest_first[np.isfinite(top_keys)])


def test_an_item_of_the_history_is_never_ranked(model: ItemItemModel) -> None:
    (ranking,) = recommend(model, [history_of(model, {"a": 5.0, "c": 5.0})], [100])

    assert ids(model, ranking.indexes) == "bed"
