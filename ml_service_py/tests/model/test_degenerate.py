"""Ratings with little or nothing to learn from: estimators that can be fitted serve, the others are left out with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from planted import measure, search

from ml_service.errors import InvalidArgument
from ml_service.model.candidates import ESTIMATORS, REASON_LENGTH_MAX, Configuration, build
from ml_service.model.item_knn import ItemKNN
from ml_service.model.item_weights import are_finite
from ml_service.model.popularity import Popularity
from ml_service.model.ratings import Float32Array, Ratings, ratings_of
from ml_service.model.scoring import recommend

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Rows = list[tuple[str, str, float | None]]

ONE_ITEM: Rows = [(f"u{user}", "b1", None) for user in range(50)]
CASES: dict[str, Rows] = {
    "one item": ONE_ITEM,
    "one user": [("u", f"i{item}", 4.0) for item in range(20)],
    "each user another item": [(f"u{place}", f"i{place}", 4.0) for place in range(20)],
    "two items": [(f"u{user}", f"i{user % 2}", None) for user in range(20)],
    "everybody has everything": [(f"u{user}", f"i{item}", 5.0) for user in range(12) for item in range(6)],
    "all ratings are low": [(f"u{user}", f"i{item}", 0.5) for user in range(12) for item in range(8) if (user + item) % 3],
    "hardly enough": [(f"u{user}", f"i{item}", 4.0) for user in range(5) for item in range(2)],
}


def ignore(_progress: object) -> None:
    pass


@pytest.fixture(params=CASES)
def ratings(request: pytest.FixtureRequest) -> Ratings:
    return ratings_of(CASES[request.param])


def test_a_search_finds_an_estimator_that_can_recommend(ratings: Ratings) -> None:
    found = search(ratings, [], folds=3, seed=1, report=ignore)

    estimator = build(found.best.configuration).fit(ratings.id_pairs, ratings.ratings)
    (ranking,) = recommend(estimator.to_model(), estimator.histories(ratings.user_ids[:1]), [10])
    assert are_finite(estimator.weights_)
    assert np.isfinite(ranking.scores).all()
    assert all(np.isfinite(list(measured.metrics.values())).all() for measured in found.measured)


@pytest.mark.parametrize("name", ["one item", "each user another item", "one user"])
def test_popularity_wins_if_no_item_relates_to_another(name: str) -> None:
    found = search(ratings_of(CASES[name]), [], folds=3, seed=1, report=ignore)

    assert found.best.configuration.estimator == "popularity"


def test_an_estimator_that_can_not_be_fitted_is_left_out_with_the_reason() -> None:
    steps: list[str] = []

    found = search(ratings_of(ONE_ITEM), [], folds=2, seed=1, report=lambda progress: steps.append(progress.step))

    assert {left.configuration.estimator for left in found.left_out} == {"svd"}
    assert found.estimators_left_out.startswith("svd: Found array with 1 feature")
    assert [step for step in steps if step.startswith("Left out svd (n_components 20), round 1, fit ")]


def test_a_search_without_any_fitted_estimator_fails_with_one_line_that_says_why() -> None:
    with pytest.raises(InvalidArgument, match=r"^No estimator can be fitted to these ratings \(svd: Found array .*Import more") as refused:
        search(ratings_of(ONE_ITEM), ["svd"], folds=2, seed=1, report=ignore)

    assert refused.value.reason == "JOB_PARAMS_INVALID"
    assert "\n" not in refused.value.detail


def test_a_configuration_that_can_not_be_fitted_can_not_be_measured() -> None:
    configuration = Configuration("svd", build(Configuration("svd", {})).get_params())

    with pytest.raises(InvalidArgument, match="svd: Found array"):
        measure(configuration, ratings_of(ONE_ITEM), folds=2, seed=1)


def test_a_candidate_that_can_not_be_fitted_to_one_fold_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hesitant(ItemKNN):
        """Can't be fitted when some item is missing, as it is in one of the folds."""

        def _fit_weights(self, interactions: csr_array[np.float32]) -> Float32Array:
            if interactions.shape[1] < 3:
                raise ValueError(f"an item is missing:\n{np.zeros(1000)}")
            return super()._fit_weights(interactions)

    monkeypatch.setitem(ESTIMATORS, "item_knn", Hesitant)
    rare = ratings_of([*((f"u{user}", f"i{item}", 4.0) for user in range(10) for item in range(2)), ("u1", "rare", 4.0)])

    found = search(rare, ["item_knn", "popularity"], folds=10, seed=1, report=ignore)

    assert [measured.configuration.estimator for measured in found.measured] == ["popularity"]
    (reason,) = {left.reason for left in found.left_out}
    assert reason.startswith("an item is missing: [0. 0.")
    assert "\n" not in reason
    assert len(reason) == REASON_LENGTH_MAX


def test_weights_that_are_not_finite_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    class Divided(Popularity):
        def _fit_weights(self, interactions: csr_array[np.float32]) -> Float32Array:
            return np.full((interactions.shape[1],) * 2, np.nan, dtype=np.float32)

    monkeypatch.setitem(ESTIMATORS, "popularity", Divided)

    with pytest.raises(InvalidArgument, match="popularity: the learned weights aren't all finite"):
        search(ratings_of(CASES["two items"]), ["popularity"], folds=2, seed=1, report=ignore)


def test_a_bug_in_an_estimator_fails_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Popularity):
        def _fit_weights(self, interactions: csr_array[np.float32]) -> Float32Array:
            raise KeyError("a bug")

    monkeypatch.setitem(ESTIMATORS, "popularity", Broken)

    with pytest.raises(KeyError):
        search(ratings_of(ONE_ITEM), ["popularity"], folds=2, seed=1, report=ignore)
