"""Chooses the estimator and its parameters: hill climbing on each estimator's axes, measured by cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_service.domain import Progress
from ml_service.errors import InvalidArgument
from ml_service.model.candidates import ESTIMATORS, Configuration, Found, LeftOut, Measured, build
from ml_service.model.climb import Climb
from ml_service.model.cross_validation import CrossValidation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ml_service.model.climb import Point
    from ml_service.model.plan import Plan
    from ml_service.model.ratings import Ratings

    Report = Callable[[Progress], None]

#: The estimator that learns no relation between items. It wins a tie.
SIMPLEST = "popularity"


def search(ratings: Ratings, plan: Plan, report: Report) -> Found:
    """Climb from the start of each estimator of the plan to its best parameters.

    In each round after the first, every estimator's best candidate so far has its neighbours measured, until none is better. If the climb
    saw only the popular items, the best candidate of each estimator is measured on all items, and only these figures count.

    The result is sorted best first. Of equal candidates popularity comes first, because the others learned nothing that helps. A candidate
    that can't be fitted to one of the folds is left out. Raises InvalidArgument (JOB_PARAMS_INVALID) if no candidate is left.

    `report` is called after each fit; if it raises, the search ends with that error.
    """
    effort = plan.effort
    report(Progress(0, f"Searching {', '.join(plan.estimators)}" + (f"; {plan.notes}" if plan.notes else "")))
    part = ratings.of_popular_items(effort.items)
    found, rounds = _climb(plan, CrossValidation(part, effort.folds, plan.seed), report)
    if part is not ratings:
        best = [measured.configuration for measured in found.best_of_each]
        found, rounds = Found([], found.left_out), rounds + 1
        _measure_round(best, CrossValidation(ratings, effort.folds, plan.seed), rounds, found, report)
        _rank(found)
    chosen = found.best.configuration
    report(Progress(100, f"Chose {_describe(chosen)} in {rounds} rounds", {"ndcg_at_10": found.best.ndcg}))
    return found


def measure(configuration: Configuration, ratings: Ratings, plan: Plan) -> Measured:
    """Measure one configuration on the folds of the plan, as a search measures its best candidates.

    Raises InvalidArgument (JOB_PARAMS_INVALID) if it can't be fitted to them.
    """
    found = Found([], [])
    _measure_round([configuration], CrossValidation(ratings, plan.effort.folds, plan.seed), 1, found, lambda _: None)
    return _rank(found).best


def _climb(plan: Plan, validation: CrossValidation, report: Report) -> tuple[Found, int]:
    """Return what the climbs of all estimators measured, and the number of rounds."""
    climbs = {name: Climb(ESTIMATORS[name].axes) for name in plan.estimators}
    found = Found([], [])
    for number in range(1, plan.effort.rounds + 1):
        candidates = [_candidate(name, point, plan.seed) for name, climb in climbs.items() for point in climb.next_points()]
        if not candidates:
            return _rank(found), number - 1
        _measure_round(candidates, validation, number, found, report)
        for measured in found.measured:
            climbs[measured.configuration.estimator].record(_point(measured.configuration), measured.ndcg)
        for left in found.left_out:
            climbs[left.configuration.estimator].record(_point(left.configuration))
    return _rank(found), plan.effort.rounds


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
    best = max(found.measured, key=lambda measured: measured.ndcg, default=None)
    for count, (place, result) in enumerate(validation.measure(candidates), 1):
        if result is not None:
            results[place] = result
        if isinstance(result, Measured) and (best is None or result.ndcg > best.ndcg):
            best = result
        did = "Left out" if isinstance(result, LeftOut) else "Measured"
        step = f"{did} {_describe(candidates[place])}, round {number}, fit {count} of {total}"
        # The figure is that of the best so far, which may be another estimator's.
        step += f"; best so far: {_describe(best.configuration)}" if best else ""
        report(Progress(100 - (2 - count / total) * 100 / 2**number, step, {"ndcg_at_10": best.ndcg} if best else {}))
    in_order = [results[place] for place in sorted(results)]
    found.measured.extend(result for result in in_order if isinstance(result, Measured))
    found.left_out.extend(result for result in in_order if isinstance(result, LeftOut))


def _describe(configuration: Configuration) -> str:
    searched = ", ".join(f"{name} {value:g}" for name, value in configuration.searched.items())
    return f"{configuration.estimator} ({searched})" if searched else configuration.estimator


def _rank(found: Found) -> Found:
    """Sort the measured candidates, best first. Raise InvalidArgument (JOB_PARAMS_INVALID) if there are none."""
    if not found.measured:
        why = found.estimators_left_out
        detail = f"No estimator can be fitted to these ratings ({why}). Import more ratings, or name other estimators."
        raise InvalidArgument("JOB_PARAMS_INVALID", detail)
    found.measured.sort(key=lambda measured: (-measured.ndcg, measured.configuration.estimator != SIMPLEST))
    return found
