"""The candidates of a search: estimators with their parameters, how each is built and fitted, and its metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scipy.sparse.linalg import ArpackError

from ml_service.errors import InvalidArgument
from ml_service.model.ease import EASE
from ml_service.model.item_knn import ItemKNN
from ml_service.model.popularity import Popularity
from ml_service.model.svd import SVD

if TYPE_CHECKING:
    import numpy.typing as npt

    from ml_service.model.item_item import ItemItemEstimator

ESTIMATORS: dict[str, type[ItemItemEstimator]] = {"ease": EASE, "svd": SVD, "item_knn": ItemKNN, "popularity": Popularity}

GRIDS: dict[str, dict[str, list[Any]]] = {
    "ease": {"l2": [200.0, 400.0, 800.0], "rank": [32, 48, 64]},
    "svd": {"n_components": [5, 10, 20, 40]},
    "item_knn": {"n_neighbors": [100, 200], "shrinkage": [20.0, 100.0]},
    "popularity": {},
}

#: What estimators raise for ratings that they can't learn from: one item, one user, histories that are all alike.
UNFIT = (ValueError, ArithmeticError, ArpackError)
#: Some libraries' errors print arrays.
REASON_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Configuration:
    """An estimator by its name, with all its parameters."""

    estimator: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """A configuration and its metrics, means over the folds."""

    configuration: Configuration
    metrics: dict[str, float]

    @property
    def ndcg(self) -> float:
        return self.metrics["ndcg_at_10"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A configuration that can't be fitted to the ratings, and why."""

    configuration: Configuration
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of a search: what was measured, best first, and what had to be left out."""

    measured: list[Measured]
    left_out: list[LeftOut]

    @property
    def best(self) -> Measured:
        return self.measured[0]

    @property
    def best_of_each(self) -> list[Measured]:
        """The best configuration of each estimator that was measured, best first."""
        best: dict[str, Measured] = {}
        for measured in self.measured:
            best.setdefault(measured.configuration.estimator, measured)
        return list(best.values())

    @property
    def estimators_left_out(self) -> str:
        """The estimators of which nothing could be measured, each with the reason, as text for people; empty where there are none."""
        served = {measured.configuration.estimator for measured in self.measured}
        reasons = {left.configuration.estimator: left.reason for left in self.left_out}
        return "; ".join(f"{name}: {reason}" for name, reason in reasons.items() if name not in served)


def build(configuration: Configuration) -> ItemItemEstimator:
    """Makes the estimator, not yet fitted."""
    if configuration.estimator not in ESTIMATORS:
        raise InvalidArgument("JOB_PARAMS_INVALID", f"{configuration.estimator!r} is no estimator; there are {', '.join(ESTIMATORS)}")
    try:
        return ESTIMATORS[configuration.estimator](**configuration.params)
    except TypeError as error:
        raise InvalidArgument("JOB_PARAMS_INVALID", f"{configuration.estimator} doesn't take {configuration.params}: {error}") from error


def fit(configuration: Configuration, pairs: npt.NDArray[Any], y: npt.NDArray[Any]) -> ItemItemEstimator:
    """Build and fit the estimator. Raises InvalidArgument (JOB_PARAMS_INVALID) where it can't be fitted to these ratings."""
    try:
        return build(configuration).fit(pairs, y)
    except UNFIT as error:
        detail = f"{configuration.estimator} can't be fitted to these ratings: {reason_of(error)}"
        raise InvalidArgument("JOB_PARAMS_INVALID", detail) from error


def reason_of(error: BaseException) -> str:
    """Return the error's text as one line that isn't long."""
    return " ".join(str(error).split())[:REASON_LENGTH_MAX]
