"""Which estimators suit a data set, and the error for one that is too large."""

from __future__ import annotations

import pytest

from ml_service.errors import InvalidArgument
from ml_service.model.candidates import ESTIMATORS, Configuration, build
from ml_service.model.item_weights import ITEMS_MAX_DENSE
from ml_service.model.plan import choose_estimators
from ml_service.model.ratings import ratings_of
from ml_service.model.selection import measure
from ml_service.model.sizes import BYTES_ALWAYS, BYTES_MAX, Cost, Sizes

OTHERS = ("svd", "item_knn", "popularity")


def with_items(count: int) -> Sizes:
    return Sizes(users=10_000, items=count, interactions=200_000)


def test_no_chosen_estimator_exceeds_the_memory_limit() -> None:
    for items in (100, 5_000, ITEMS_MAX_DENSE):
        chosen = choose_estimators((), with_items(items))

        assert max(BYTES_ALWAYS + ESTIMATORS[name].cost(with_items(items)).bytes for name in chosen) <= BYTES_MAX


def test_two_matrices_of_the_largest_size_fit_into_the_memory_limit() -> None:
    assert 2 * 4 * ITEMS_MAX_DENSE**2 < BYTES_MAX


@pytest.mark.parametrize(("items", "chosen"), [(5_000, ("ease", *OTHERS)), (15_000, OTHERS), (ITEMS_MAX_DENSE, OTHERS)])
def test_a_training_without_named_estimators_tries_all_that_suit_the_catalogue(items: int, chosen: tuple[str, ...]) -> None:
    assert choose_estimators((), with_items(items)) == chosen


def test_only_the_named_estimator_is_tried() -> None:
    assert choose_estimators(["item_knn"], with_items(15_000)) == ("item_knn",)


def test_an_estimator_for_which_the_catalogue_is_too_large_is_rejected_with_the_numbers_and_the_alternatives() -> None:
    with pytest.raises(InvalidArgument) as caught:
        choose_estimators(["item_knn", "ease"], with_items(20_000))

    assert caught.value.reason == "JOB_PARAMS_INVALID"
    assert caught.value.detail == (
        "ease needs 2.7 GB and 24 s a fit for 20,000 items; a training may use 4 GB and 5 s a fit, a dense matrix 20,000 items. "
        "Name svd or item_knn or popularity, or no estimator."
    )


def test_above_the_bound_of_a_dense_matrix_the_estimators_of_a_sparse_one_are_tried() -> None:
    chosen = choose_estimators((), with_items(ITEMS_MAX_DENSE + 1))

    assert all(ESTIMATORS[name].is_sparse for name in chosen)
    assert {"item_knn", "popularity"} <= set(chosen)


def test_an_estimator_that_stands_in_for_another_is_tried_only_where_the_other_is_too_expensive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "sparse_ease" not in choose_estimators((), with_items(3_000))
    assert choose_estimators(["sparse_ease"], with_items(3_000)) == ("sparse_ease",)

    monkeypatch.setattr(ESTIMATORS["ease"], "cost", lambda _sizes: Cost(BYTES_MAX, 1))

    assert "sparse_ease" in choose_estimators((), with_items(3_000))


def test_data_that_is_too_large_for_every_estimator_is_rejected() -> None:
    with pytest.raises(InvalidArgument, match="No estimator supports a catalogue of this size"):
        choose_estimators((), Sizes(users=10_000_000, items=1_000_000, interactions=1_000_000_000))


def test_a_live_version_whose_catalogue_has_grown_too_large_is_not_measured() -> None:
    ratings = ratings_of((f"u{item}", f"i{item}", 5.0) for item in range(15_000))

    with pytest.raises(InvalidArgument, match="a training may use"):
        measure(Configuration("ease", build(Configuration("ease", {})).get_params()), ratings, folds=2, seed=1)
