"""The plan of a search: the estimators and the effort that a training can afford, and the error for data that is too large."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from planted import checkerboard, measure, search

from ml_service.errors import InvalidArgument
from ml_service.model import plan
from ml_service.model.candidates import ESTIMATORS
from ml_service.model.ease import EASE
from ml_service.model.item_weights import ITEMS_MAX_DENSE
from ml_service.model.plan import ITEMS_SEARCHED, fits_at_once, plan_search
from ml_service.model.popularity import Popularity
from ml_service.model.sizes import BYTES_MAX, Cost, Sizes, fit_bytes, process_bytes

if TYPE_CHECKING:
    from ml_service.domain import Progress

MOVIELENS = Sizes(943, 1_682, 100_000)
#: From small data to data that no dense matrix can serve.
MANY_SIZES = [
    MOVIELENS,
    Sizes(2_000, 17_600, 150_000),
    Sizes(70_000, 10_000, 10_000_000),
    Sizes(100_000, ITEMS_MAX_DENSE, 5_000_000),
    Sizes(500_000, 100_000, 10_000_000),
    Sizes(138_000, 26_700, 20_000_000),
]


def ignore(_progress: Progress) -> None:
    pass


def plan_for(sizes: Sizes, *named: str) -> plan.Plan:
    return plan_search(named, sizes, folds=3, seed=1)


@pytest.mark.parametrize("sizes", MANY_SIZES, ids=str)
def test_the_fits_at_once_stay_within_the_memory_of_a_training(sizes: Sizes) -> None:
    names = plan_for(sizes).estimators

    largest = max(fit_bytes(ESTIMATORS[name].cost(sizes), sizes) for name in names)
    assert process_bytes(sizes) + fits_at_once(names, sizes) * largest <= BYTES_MAX


@pytest.mark.parametrize("sizes", MANY_SIZES, ids=str)
def test_a_default_search_ends_within_its_time(sizes: Sizes) -> None:
    planned = plan_for(sizes)

    assert plan._seconds(planned.estimators, planned.effort, sizes) <= plan.SECONDS_MAX  # the estimate has no other reader


def test_two_matrices_of_the_largest_size_fit_into_the_memory_limit() -> None:
    assert 2 * 4 * ITEMS_MAX_DENSE**2 < BYTES_MAX


def test_small_data_is_searched_with_all_that_was_asked_for_and_without_notes() -> None:
    planned = plan_for(MOVIELENS)

    assert set(planned.estimators) >= {"ease", "svd", "item_knn", "popularity"}
    assert (planned.effort.folds, planned.effort.items, planned.notes) == (3, MOVIELENS.items, "")


@pytest.mark.parametrize("users", [2_000, 100_000])
def test_ease_is_tried_up_to_the_largest_dense_matrix(users: int) -> None:
    assert "ease" in plan_for(Sizes(users, ITEMS_MAX_DENSE, 20 * users)).estimators


def test_where_fits_are_expensive_the_search_makes_fewer_and_says_so() -> None:
    planned = plan_for(Sizes(100_000, ITEMS_MAX_DENSE, 2_000_000))

    assert (planned.effort.folds, planned.effort.items) == (1, ITEMS_SEARCHED)
    assert "1 instead of 3 folds, parameters from the 10,000 most popular items" in planned.notes


def test_where_time_is_short_the_estimators_that_rank_worse_are_left_out_first() -> None:
    planned = plan_for(Sizes(70_000, 10_600, 10_000_000))

    assert {"ease", "popularity"} <= set(planned.estimators)
    assert "left out item_knn: it takes about" in planned.notes


@pytest.mark.parametrize("sizes", [Sizes(138_000, 26_700, 20_000_000), Sizes(162_000, 59_000, 25_000_000)], ids=str)
def test_rather_than_popularity_alone_the_starting_values_of_another_estimator_are_measured(sizes: Sizes) -> None:
    planned = plan_for(sizes)

    assert len(planned.estimators) == 2
    assert "searched with 1 instead of 3 folds, only the starting values, because a fit is expensive" in planned.notes


def test_an_estimator_that_does_not_fit_is_left_out_with_the_numbers() -> None:
    planned = plan_for(Sizes(100_000, ITEMS_MAX_DENSE + 1, 2_000_000))

    assert {"ease", "svd"}.isdisjoint(planned.estimators)
    assert "popularity" in planned.estimators
    assert "left out ease: it learns a dense matrix, which may have 20,000 items, and there are 20,001" in planned.notes


def test_a_named_estimator_that_does_not_fit_is_rejected_with_the_numbers() -> None:
    with pytest.raises(InvalidArgument) as caught:
        plan_for(Sizes(100_000, 30_000, 2_000_000), "item_knn", "ease")

    assert caught.value.reason == "JOB_PARAMS_INVALID"
    assert caught.value.detail == (
        "ease learns a dense matrix, which may have 20,000 items, and there are 30,000. Name other estimators, or none."
    )


def test_data_that_is_too_large_for_every_estimator_is_rejected_with_the_memory_it_needs() -> None:
    with pytest.raises(InvalidArgument, match=r"popularity needs [0-9.]+ GB for 9,000,000 users, .* No estimator supports data"):
        plan_for(Sizes(9_000_000, 1_000_000, 900_000_000))


def test_an_estimator_that_stands_in_for_another_is_tried_only_without_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class StandIn(Popularity):
        stands_in_for = "ease"

    monkeypatch.setitem(ESTIMATORS, "stand_in", StandIn)

    assert "stand_in" not in plan_for(MOVIELENS).estimators
    assert "stand_in" in plan_for(replace(MOVIELENS, items=30_000)).estimators
    assert plan_for(MOVIELENS, "stand_in").estimators == ("stand_in",)


def test_a_search_on_the_popular_items_measures_the_best_of_each_on_all(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[int] = []

    class Watched(EASE):
        def _fit_weights(self, interactions):  # type: ignore[no-untyped-def]
            fitted.append(interactions.shape[1])
            return super()._fit_weights(interactions)

    monkeypatch.setitem(ESTIMATORS, "ease", Watched)
    monkeypatch.setattr(plan, "_efforts", lambda _folds, _sizes, _estimators: [plan.Effort(folds=1, items=12, rounds=2)])

    found = search(checkerboard(), ["ease", "popularity"], 3, 1, ignore)

    assert (max(fitted[:-1]), fitted[-1]) == (12, 20)
    assert len(found.measured) == 2
    assert measure(found.best.configuration, checkerboard(), 3, 1) == found.best


@pytest.mark.parametrize(("seconds", "folds"), [(0, 3), (140, 2), (290, 1)])
def test_the_gate_measures_on_as_many_folds_as_it_can_afford(monkeypatch: pytest.MonkeyPatch, seconds: float, folds: int) -> None:
    planned = plan_for(MOVIELENS)
    monkeypatch.setattr(EASE, "cost", lambda _sizes: Cost(0, seconds))

    assert plan.plan_gate(planned, ["popularity", "ease"], MOVIELENS).effort.folds == folds


def test_an_estimator_that_is_too_expensive_for_one_fit_is_rejected_by_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    planned = plan_for(MOVIELENS)
    monkeypatch.setattr(EASE, "cost", lambda _sizes: Cost(0, plan.SECONDS_MAX))

    with pytest.raises(InvalidArgument, match="ease takes about 600 s a fit for 943 users"):
        plan.plan_gate(planned, ["ease"], MOVIELENS)
