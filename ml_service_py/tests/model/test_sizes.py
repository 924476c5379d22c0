"""The rule that keeps a training within its memory, and what it says to those who ask for more."""

from __future__ import annotations

import pytest

from ml_service.errors import InvalidArgument
from ml_service.model.candidates import ESTIMATORS, Configuration, build
from ml_service.model.ratings import ratings_of
from ml_service.model.selection import measure
from ml_service.model.sizes import APPETITES, BYTES_MAX, ITEMS_MAX, choose_estimators

EASE_MAX = APPETITES["ease"].items_max


def test_no_estimator_takes_more_than_there_is_at_the_largest_size_that_it_is_chosen_for() -> None:
    peaks = {name: appetite.fit_bytes(appetite.items_max) for name, appetite in APPETITES.items()}

    assert peaks.keys() == ESTIMATORS.keys()
    assert max(peaks.values()) <= BYTES_MAX


def test_two_matrices_of_the_largest_size_fit_into_a_recommender_that_changes_its_version() -> None:
    assert 2 * 4 * ITEMS_MAX**2 < BYTES_MAX


@pytest.mark.parametrize(
    ("items", "chosen"),
    [
        (EASE_MAX, ("ease", "svd", "item_knn", "popularity")),
        (EASE_MAX + 1, ("svd", "item_knn", "popularity")),
        (ITEMS_MAX, ("svd", "item_knn", "popularity")),
    ],
)
def test_a_training_that_names_none_tries_what_the_catalogue_is_small_enough_for(items: int, chosen: tuple[str, ...]) -> None:
    assert choose_estimators((), items) == chosen


def test_an_estimator_that_is_named_is_the_only_one() -> None:
    assert choose_estimators(["item_knn"], EASE_MAX + 1) == ("item_knn",)


def test_asking_for_more_than_there_is_names_the_numbers_and_the_way_out() -> None:
    with pytest.raises(InvalidArgument) as caught:
        choose_estimators(["item_knn", "ease"], 20_000)

    assert caught.value.reason == "JOB_PARAMS_INVALID"
    assert caught.value.detail == (
        "ease takes 5.5 GB for 20,000 items and is made for up to 5,000; a training may take 4 GB. Ask for svd or item_knn or popularity, "
        "or for none."
    )


def test_a_catalogue_that_is_too_large_for_all_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="made for a catalogue of this size"):
        choose_estimators((), ITEMS_MAX + 1)


def test_a_live_version_whose_catalogue_has_grown_too_large_is_not_measured() -> None:
    ratings = ratings_of((f"u{item}", f"i{item}", 5.0) for item in range(EASE_MAX + 1))

    with pytest.raises(InvalidArgument, match="is made for up to"):
        measure(Configuration("ease", build(Configuration("ease", {})).get_params()), ratings, folds=2, seed=1)
