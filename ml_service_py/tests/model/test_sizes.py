"""The memory limit of a training, and the error for a catalogue that is too large."""

from __future__ import annotations

import pytest

from ml_service.errors import InvalidArgument
from ml_service.model.candidates import ESTIMATORS, Configuration, build
from ml_service.model.ratings import ratings_of
from ml_service.model.selection import measure
from ml_service.model.sizes import BYTES_MAX, ITEMS_MAX, NEEDS, choose_estimators

EASE_MAX = NEEDS["ease"].items_max


def test_no_estimator_exceeds_the_memory_limit_at_its_largest_catalogue() -> None:
    peaks = {name: needs.fit_bytes(needs.items_max) for name, needs in NEEDS.items()}

    assert peaks.keys() == ESTIMATORS.keys()
    assert max(peaks.values()) <= BYTES_MAX


def test_two_matrices_of_the_largest_size_fit_into_the_memory_limit() -> None:
    assert 2 * 4 * ITEMS_MAX**2 < BYTES_MAX


@pytest.mark.parametrize(
    ("items", "chosen"),
    [
        (EASE_MAX, ("ease", "svd", "item_knn", "popularity")),
        (EASE_MAX + 1, ("svd", "item_knn", "popularity")),
        (ITEMS_MAX, ("svd", "item_knn", "popularity")),
    ],
)
def test_a_training_without_named_estimators_tries_all_that_suit_the_catalogue(items: int, chosen: tuple[str, ...]) -> None:
    assert choose_estimators((), items) == chosen


def test_only_the_named_estimator_is_tried() -> None:
    assert choose_estimators(["item_knn"], EASE_MAX + 1) == ("item_knn",)


def test_an_estimator_for_which_the_catalogue_is_too_large_is_rejected_with_the_numbers_and_the_alternatives() -> None:
    with pytest.raises(InvalidArgument) as caught:
        choose_estimators(["item_knn", "ease"], 20_000)

    assert caught.value.reason == "JOB_PARAMS_INVALID"
    assert caught.value.detail == (
        "ease needs 5.5 GB for 20,000 items and supports up to 5,000 items; a training may use 4 GB. Name svd or item_knn or popularity, "
        "or no estimator."
    )


def test_a_catalogue_that_is_too_large_for_every_estimator_is_rejected() -> None:
    with pytest.raises(InvalidArgument, match="No estimator supports a catalogue of this size"):
        choose_estimators((), ITEMS_MAX + 1)


def test_a_live_version_whose_catalogue_has_grown_too_large_is_not_measured() -> None:
    ratings = ratings_of((f"u{item}", f"i{item}", 5.0) for item in range(EASE_MAX + 1))

    with pytest.raises(InvalidArgument, match="supports up to"):
        measure(Configuration("ease", build(Configuration("ease", {})).get_params()), ratings, folds=2, seed=1)
