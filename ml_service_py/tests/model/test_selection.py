"""The model search finds the estimator that fits, reports progress, can be stopped, and is reproducible."""

import threading
from typing import Self

import numpy as np
import numpy.typing as npt
import pytest
from joblib import parallel_config
from planted import checkerboard, measure, search, series
from scipy.sparse import csr_array
from sklearn.utils.parallel import Parallel
from threadpoolctl import threadpool_info

from ml_service.domain import Progress
from ml_service.errors import InvalidArgument
from ml_service.model import cross_validation
from ml_service.model.candidates import ESTIMATORS, Configuration, build
from ml_service.model.ease import EASE
from ml_service.model.item_knn import ItemKNN
from ml_service.model.metrics import Difference, difference
from ml_service.model.popularity import Popularity
from ml_service.model.ratings import Float32Array, ratings_of

WAIT_SECONDS = 20
START = {name: axis.start for name, axis in ItemKNN.axes.items()}


def ignore(progress: Progress) -> None:
    pass


def test_an_estimator_that_learns_the_pattern_is_chosen_over_popularity() -> None:
    found = search(checkerboard(), ["popularity", "item_knn"], folds=3, seed=1, report=ignore).measured

    assert found[0].configuration.estimator == "item_knn"
    assert found[-1].configuration.estimator == "popularity"
    assert found[0].ndcg > found[-1].ndcg + 0.2


def test_a_search_without_named_estimators_tries_all() -> None:
    found = search(checkerboard(10), [], folds=2, seed=1, report=ignore).measured

    assert {measured.configuration.estimator for measured in found} == {name for name in ESTIMATORS if not ESTIMATORS[name].stands_in_for}
    assert [measured.ndcg for measured in found] == sorted((measured.ndcg for measured in found), reverse=True)


def test_on_many_small_series_no_chosen_value_of_ease_lies_on_an_end_of_its_axis() -> None:
    chosen = search(series(), ["ease"], folds=3, seed=1, report=ignore).best.configuration.searched

    for name, value in chosen.items():
        assert EASE.axes[name].values[0] < value < EASE.axes[name].values[-1]


def test_the_same_seed_gives_the_same_figures_and_another_seed_others() -> None:
    first, again, other = (search(checkerboard(), ["svd"], 3, seed, ignore).measured for seed in (1, 1, 2))

    assert first == again
    assert [measured.metrics for measured in first] != [measured.metrics for measured in other]


def test_another_backend_of_joblib_spreads_the_fits_and_changes_no_figure() -> None:
    alone = search(checkerboard(), ["ease"], 2, 1, ignore)

    with parallel_config(backend="threading", n_jobs=2):
        spread = search(checkerboard(), ["ease"], 2, 1, ignore)

    assert spread == alone


def test_a_fit_uses_one_core_on_a_machine_with_more(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set()

    class Watched(Popularity):
        def _fit_weights(self, interactions: csr_array[np.float32]) -> Float32Array:
            threads.update(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
            return super()._fit_weights(interactions)

    monkeypatch.setitem(ESTIMATORS, "popularity", Watched)
    search(checkerboard(), ["popularity"], 2, 1, ignore)

    assert threads == {1}


def test_progress_rises_to_100_percent_and_carries_the_best_metric_so_far() -> None:
    heard: list[Progress] = []

    found = search(checkerboard(), ["ease", "popularity"], folds=2, seed=1, report=heard.append).measured

    assert len(heard) == 1 + 2 * len(found) + 1
    assert [progress.percent for progress in heard] == sorted(progress.percent for progress in heard)
    assert heard[-1].percent == 100
    assert heard[-1].metrics == {"ndcg_at_10": found[0].ndcg}
    assert heard[0] == Progress(0, "Searching ease, popularity")
    assert heard[1].step.startswith("Measured ease (l2 ")
    assert all("; best so far: " in progress.step for progress in heard[1:-1] if progress.metrics)
    assert heard[-1].step.startswith("Chose ease (l2 ")


def test_a_fit_that_ends_is_reported_while_the_first_one_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    another_is_reported = threading.Event()
    waited: list[bool] = []

    class FirstIsSlow(ItemKNN):
        def fit(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Self:
            if {name: getattr(self, name) for name in START} == START:
                waited.append(another_is_reported.wait(WAIT_SECONDS))
            return super().fit(X, y)

    def report(progress: Progress) -> None:
        if progress.percent > 0:
            another_is_reported.set()

    monkeypatch.setitem(ESTIMATORS, "item_knn", FirstIsSlow)
    monkeypatch.setattr(cross_validation, "Parallel", lambda **given: Parallel(**{**given, "n_jobs": 2}))

    search(checkerboard(), ["item_knn", "popularity"], folds=1, seed=1, report=report)

    assert waited == [True]


def test_an_exception_of_the_progress_callback_stops_the_search() -> None:
    heard: list[Progress] = []

    def stop_at_the_second(progress: Progress) -> None:
        heard.append(progress)
        if len(heard) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(checkerboard(), ["ease"], folds=3, seed=1, report=stop_at_the_second)
    assert len(heard) == 2


def test_a_configuration_is_measured_on_the_folds_of_the_search() -> None:
    found = search(checkerboard(), ["svd"], folds=3, seed=5, report=ignore).measured

    again = measure(found[1].configuration, checkerboard(), folds=3, seed=5)

    assert again == found[1]
    assert difference(again.quality, found[1].quality) == Difference(0, 0)


def test_a_configuration_holds_all_parameters_of_the_estimator() -> None:
    (found,) = search(checkerboard(), ["popularity"], folds=2, seed=1, report=ignore).measured

    assert build(found.configuration).get_params() == found.configuration.params


def test_a_configuration_with_an_unknown_parameter_is_rejected() -> None:
    with pytest.raises(InvalidArgument, match=r"ease doesn't take .*layers"):
        build(Configuration("ease", {"layers": 3}))


def test_an_unknown_estimator_and_too_few_ratings_are_rejected_with_a_reason() -> None:
    with pytest.raises(InvalidArgument, match="'oracle' is no estimator; use one of ease, sparse_ease, svd, item_knn, popularity"):
        search(checkerboard(), ["oracle"], folds=2, seed=1, report=ignore)
    with pytest.raises(InvalidArgument, match="needs at least 10 ratings; the number of ratings is 1"):
        search(ratings_of([("u", "a", 5.0)]), ["ease"], folds=3, seed=1, report=ignore)
