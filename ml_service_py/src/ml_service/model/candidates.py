"""The candidates of a model search: the registered estimators, how to build and fit one, and the results of a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scipy.sparse.linalg import ArpackError

from ml_service.errors import InvalidArgument
from ml_service.model.ease import EASE
from ml_service.model.item_knn import ItemKNN
from ml_service.model.popularity import Popularity
from ml_service.model.sparse_ease import SparseEASE
from ml_service.model.svd import SVD

if TYPE_CHECKING:
    import numpy.typing as npt

    from ml_service.model.item_item import ItemItemEstimator
    from ml_service.model.metrics import Quality

#: All estimators, those first that usually rank best. The class of each states its axes and its cost.
ESTIMATORS: dict[str, type[ItemItemEstimator]] = {
    "ease": EASE,
    "sparse_ease": SparseEASE,
    "svd": SVD,
    "item_knn": ItemKNN,
    "popularity": Popularity,
}

#: The errors of estimators for ratings that they can't learn from: one item, one user, or equal histories.
UNFIT = (ValueError, ArithmeticError, ArpackError)
#: Characters of a reason. Some libraries print whole arrays in their errors.
REASON_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Configuration:
    """The name of an estimator and all its parameters."""

    estimator: str
    params: dict[str, Any]

    @property
    def searched(self) -> dict[str, float]:
        """The parameters that a search moves."""
        return {name: self.params[name] for name in ESTIMATORS[self.estimator].axes if name in self.params}


@dataclass(frozen=True, slots=True)
class Measured:
    """A configuration and its quality, joined over the folds."""

    configuration: Configuration
    quality: Quality

    @property
    def metrics(self) -> dict[str, float]:
        return self.quality.metrics

    @property
    def ndcg(self) -> float:
        return self.metrics["ndcg_at_10"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A configuration that can't be fitted to the ratings, and the reason."""

    configuration: Configuration
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search: the measured configurations, best first, and those that couldn't be fitted."""

    measured: list[Measured]
    left_out: list[LeftOut]

    @property
    def best(self) -> Measured:
        return self.measured[0]

    @property
    def best_of_each(self) -> list[Measured]:
        """The best configuration of each measured estimator, best first."""
        best: dict[str, Measured] = {}
        for measured in self.measured:
            best.setdefault(measured.configuration.estimator, measured)
        return list(best.values())

    @property
    def estimators_left_out(self) -> str:
        """A text that names each estimator without any measured configuration, with the reason. Empty if there is none."""
        has_result = {measured.configuration.estimator for measured in self.measured}
        reasons = {left.configuration.estimator: left.reason for left in self.left_out}
        return "; ".join(f"{name}: {reason}" for name, reason in reasons.items() if name not in has_result)


def build(configuration: Configuration) -> ItemItemEstimator:
    """Build the estimator without fitting it. Raises InvalidArgument (JOB_PARAMS_INVALID) for an unknown estimator or parameter."""
    if configuration.estimator not in ESTIMATORS:
        raise InvalidArgument("JOB_PARAMS_INVALID", f"{configuration.estimator!r} is no estimator; use one of {', '.join(ESTIMATORS)}")
    try:
        return ESTIMATORS[configuration.estimator](**configuration.params)
    except TypeError as error:
        raise InvalidArgument("JOB_PARAMS_INVALID", f"{configuration.estimator} doesn't take {configuration.params}: {error}") from error


def fit(configuration: Configuration, pairs: npt.NDArray[Any], y: npt.NDArray[Any]) -> ItemItemEstimator:
    """Build and fit the estimator. Raises InvalidArgument (JOB_PARAMS_INVALID) if it can't be fitted to these ratings."""
    try:
        return build(configuration).fit(pairs, y)
    except UNFIT as error:
        detail = f"{configuration.estimator} can't be fitted to these ratings: {reason_of(error)}"
        raise InvalidArgument("JOB_PARAMS_INVALID", detail) from error


def reason_of(error: BaseException) -> str:
    """Return the error's text as one line of at most REASON_LENGTH_MAX characters."""
    return " ".join(str(error).split())[:REASON_LENGTH_MAX]
