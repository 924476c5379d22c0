"""Chooses the estimator and its parameters: hill climbing on each estimator's axes, measured by cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_service.domain import Progress
from ml_service.errors import InvalidArgument
from ml_service.model.candidates import ESTIMATORS, Configuration, Found, LeftOut, Measured, build
from ml_service.model.climb import Climb
from ml_service.model.cross_validation import CrossValidation
from ml_service.model.plan import choose_estimators

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ml_service.model.climb import Point
    from ml_service.model.ratings import Ratings

    Report = Callable[[Progress], None]

#: The estimator that learns no relation between items. It wins a tie.
SIMPLEST = "popularity"


def search(ratings: Ratings, estimators: Sequence[str], folds: int, seed: int, report: Report) -> Found:
    """Climb from the start of each named estimator, or of all that suit the data if none is named, to its best parameters.

    In each round, every estimator's best candidate so far has its neighbours on the axes measured. The search ends when none is better.
    The result is sorted best first. Of equal candidates popularity comes first, because the others learned nothing that helps. A candidate
    that can't be fitted to one of the folds is left out. Raises InvalidArgument (JOB_PARAMS_INVALID) if no candidate is left.

    `folds`, 1 to 10, is how many of the ten parts are held out, one after the other. `report` is called after each fit; if it raises, the
    search ends with that error.
    """
    chosen = choose_estimators(estimators, ratings.sizes)
    climbs = {name: Climb(ESTIMATORS[name].axes) for name in chosen if build(Configuration(name, {}))}
    validation, found, rounds = CrossValidation(ratings, folds, seed), Found([], []), 0
    report(Progress(0, f"Searching {', '.join(climbs)}"))
    while candidates := [_candidate(name, point, seed) for name, climb in climbs.items() for point in climb.next_points()]:
        rounds += 1
        _measure_round(candidates, validation, rounds, found, report)
        for measured in found.measured:
            climbs[measured.configuration.estimator].record(_point(measured.configuration), measured.ndcg)
        for left in found.left_out:
            climbs[left.configuration.estimator].record(_point(left.configuration))
    _require_some(found)
    found.measured.sort(key=lambda measured: (-measured.ndcg, measured.configuration.estimator != SIMPLEST))
    report(Progress(100, f"Chose {_describe(found.best.configuration)} in {rounds} rounds", {"ndcg_at_10": found.best.ndcg}))
    return found


def measure(configuration: Configuration, ratings: Ratings, folds: int, seed: int) -> Measured:
    """Measure one configuration on the folds that `search` uses for the same ratings, number of folds and seed.

    Raises InvalidArgument (JOB_PARAMS_INVALID) if it can't be fitted to them.
    """
    choose_estimators([configuration.estimator], ratings.sizes)
    build(configuration)
    found = Found([], [])
    _measure_round([configuration], CrossValidation(ratings, folds, seed), 1, found, lambda _: None)
    return _require_some(found).best


def _candidate(name: str, point: Point, seed: int) -> Configuration:
    """Return the configuration with all parameters of the estimator, those outside the axes with their defaults."""
    estimator = build(Configuration(name, dict(zip(ESTIMATORS[name].axes, point, strict=True))))
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    return Configuration(name, estimator.get_params())


def _point(configuration: Configuration) -> Point:
    return tuple(configuration.searched.values())


def _measure_round(candidates: Sequence[Configuration], validation: CrossValidation, number: int, found: Found, report: Report) -> None:
    """Add the results of the candidates to `found`, in their order. Report each fit: a round covers half of the way that is left."""
    total = validation.fit_count(candidates)
    results: dict[int, Measured | LeftOut] = {}
    best = max((measured.ndcg for measured in found.measured), default=None)
    for count, (place, result) in enumerate(validation.measure(candidates), 1):
        if result is not None:
            results[place] = result
        if isinstance(result, Measured):
            best = result.ndcg if best is None else max(best, result.ndcg)
        did = "Left out" if isinstance(result, LeftOut) else "Measured"
        step = f"{did} {_describe(candidates[place])}, round {number}, fit {count} of {total}"
        report(Progress(100 - (2 - count / total) * 100 / 2**number, step, {} if best is None else {"ndcg_at_10": best}))
    in_order = [results[place] for place in sorted(results)]
    found.measured.extend(result for result in in_order if isinstance(result, Measured))
    found.left_out.extend(result for result in in_order if isinstance(result, LeftOut))


def _describe(configuration: Configuration) -> str:
    searched = ", ".join(f"{name} {value:g}" for name, value in configuration.searched.items())
    return f"{configuration.estimator} ({searched})" if searched else configuration.estimator


def _require_some(found: Found) -> Found:
    if not found.measured:
        why = found.estimators_left_out
        detail = f"No estimator can be fitted to these ratings ({why}). Import more ratings, or name other estimators."
        raise InvalidArgument("JOB_PARAMS_INVALID", detail)
    return found
