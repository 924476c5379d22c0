"""Chooses the estimator and its parameters by cross-validation inside the given ratings."""

from __future__ import annotations

import warnings
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import KFold, ParameterGrid
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from ml_service.domain import Progress
from ml_service.errors import InvalidArgument
from ml_service.model.candidates import Configuration, Found, LeftOut, Measured, build, fit, reason_of
from ml_service.model.metrics import ranking_metrics
from ml_service.model.plan import choose_estimators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy.typing as npt

    from ml_service.model.ratings import IntArray, Ratings

    Report = Callable[[Progress], None]
    Fold = tuple[IntArray, IntArray]
    #: The index of a candidate and of a fold.
    Task = tuple[int, int]

#: How much worse than the champion, in nDCG@10, a challenger may be. Smaller differences depend on the seed of the folds.
MARGIN = 0.005

#: The estimator that learns no relation between items. It wins a tie.
SIMPLEST = "popularity"

#: The ratings are cut into this number of parts, and each fold holds out one. Sparser training data needs more regularisation, so a fold's
#: training part must be nearly as dense as all ratings: see docs/adr/0005.
PARTS = 10

#: Users on whom a fit is measured. nDCG@10 has a standard deviation of about 0.2 between users, so the error of the mean is 0.002.
USERS_MAX = 10_000


def search(ratings: Ratings, estimators: Sequence[str], folds: int, seed: int, report: Report) -> Found:
    """Measure the whole grid of the named estimators, or of all that suit the catalogue's size if none is named.

    The result is sorted best first. Of equal candidates popularity comes first, because the others learned nothing that helps; then the
    grid's order counts. A candidate that can't be fitted to one of the folds is left out. Raises InvalidArgument (JOB_PARAMS_INVALID) if
    no candidate is left.

    `folds`, 1 to 10, is how many of the ten parts are held out, one after the other. `report` is called after each fit; if it raises, the
    search ends with that error.
    """
    chosen = choose_estimators(estimators, ratings.sizes)
    candidates = [candidate for name in chosen for candidate in _grid(name, seed)]
    found = _measure_all(candidates, ratings, folds, seed, report)
    found.measured.sort(key=lambda measured: (-measured.ndcg, measured.configuration.estimator != SIMPLEST))
    return found


def measure(configuration: Configuration, ratings: Ratings, folds: int, seed: int) -> Measured:
    """Measure one configuration on the folds that `search` uses for the same ratings, number of folds and seed.

    Raises InvalidArgument (JOB_PARAMS_INVALID) if it can't be fitted to them.
    """
    choose_estimators([configuration.estimator], ratings.sizes)
    return _measure_all([configuration], ratings, folds, seed, lambda _: None).best


def is_not_worse(challenger: Measured, champion: Measured) -> bool:
    """Return whether the challenger may go live. Both must be measured on the same folds."""
    return challenger.ndcg >= champion.ndcg - MARGIN


def _grid(name: str, seed: int) -> list[Configuration]:
    estimator = build(Configuration(name, {}))
    fixed = {"random_state": seed} if "random_state" in estimator.get_params() else {}
    near = {parameter: axis.near(axis.start) for parameter, axis in estimator.axes.items()}
    return [Configuration(name, clone(estimator).set_params(**params, **fixed).get_params()) for params in ParameterGrid(near)]


def _measure_all(candidates: Sequence[Configuration], ratings: Ratings, folds: int, seed: int, report: Report) -> Found:
    """Fit each candidate on each fold, and measure it."""
    if len(ratings) < PARTS:
        detail = f"a cross-validation needs at least {PARTS} ratings; the number of ratings is {len(ratings)}, so import more"
        raise InvalidArgument("JOB_PARAMS_INVALID", detail)
    for candidate in candidates:
        # Raise for unknown parameters at once: below, the candidate would only be left out.
        build(candidate)
    pairs = _numbered(ratings)
    is_measured = _some_users(pairs[:, 0], seed)
    parts = islice(KFold(PARTS, shuffle=True, random_state=seed).split(pairs), folds)
    splits = [(train, test[is_measured[test]]) for train, test in parts]
    tasks = [(place, fold) for place in range(len(candidates)) for fold in range(len(splits))]
    fits = (delayed(_fit_and_measure)(task, candidates[task[0]], pairs, ratings.ratings, splits[task[1]]) for task in tasks)
    report(Progress(0, f"Fitting {', '.join(dict.fromkeys(candidate.estimator for candidate in candidates))}: {len(tasks)} fits"))
    found: list[dict[int, dict[str, float]]] = [{} for _ in candidates]
    unfit: dict[int, LeftOut] = {}
    for count, ((place, fold), outcome) in enumerate(_run(fits), 1):
        if isinstance(outcome, LeftOut):
            unfit[place] = outcome
        else:
            found[place][fold] = outcome
        complete = [_mean(rows) for rows in found if len(rows) == folds]
        report(_progress(candidates[place], place in unfit, count, len(tasks), complete))
    left_out = [unfit[place] for place in sorted(unfit)]
    measured = [Measured(candidate, _mean(found[place])) for place, candidate in enumerate(candidates) if place not in unfit]
    return _require_some(Found(measured, left_out))


def _require_some(found: Found) -> Found:
    if not found.measured:
        why = found.estimators_left_out
        detail = f"No estimator can be fitted to these ratings ({why}). Import more ratings, or name other estimators."
        raise InvalidArgument("JOB_PARAMS_INVALID", detail)
    return found


def _run(fits: Iterable[Any]) -> Iterator[tuple[Task, dict[str, float] | LeftOut]]:
    """Yield the outcome of each fit as soon as it ends. joblib's active backend runs the fits: threads, or a cluster (`parallel_config`).

    The outcomes aren't in order: the slow fits come first, and in order they would delay the progress reports of all others.
    """
    # One core for each fit: threads of BLAS spin while they wait for each other, which takes several times the work on a busy machine.
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        # joblib warns if the search is ended early, which a cancelled job does on purpose.
        warnings.filterwarnings("ignore", "[0-9]+ tasks ")
        yield from Parallel(n_jobs=-1, prefer="threads", return_as="generator_unordered")(fits)


def _fit_and_measure(task: Task, candidate: Configuration, pairs: IntArray, y: Any, split: Fold) -> tuple[Task, dict[str, float] | LeftOut]:
    train, test = split
    try:
        return task, ranking_metrics(fit(candidate, pairs[train], y[train]), pairs[test])
    except InvalidArgument as error:
        return task, LeftOut(candidate, reason_of(error.__cause__ or error))


def _some_users(users: IntArray, seed: int) -> npt.NDArray[np.bool_]:
    """Return for each row whether its user is one of the at most USERS_MAX on whom fits are measured."""
    chosen = np.random.default_rng(seed).permutation(users.max() + 1)[:USERS_MAX]
    return np.isin(users, chosen)


def _numbered(ratings: Ratings) -> IntArray:
    """Replace the ids by integers in the same order, once for all fits: sorting text takes longer than most fits."""
    columns = [np.unique(ids, return_inverse=True)[1] for ids in (ratings.user_ids, ratings.item_ids)]
    return np.column_stack(columns)


def _mean(rows: dict[int, dict[str, float]]) -> dict[str, float]:
    """Return the mean of each metric. It adds in the order of the folds, so that the bits don't depend on which fold ended first."""
    return {name: float(np.mean([rows[fold][name] for fold in sorted(rows)])) for name in rows[0]}


def _progress(candidate: Configuration, is_left_out: bool, count: int, total: int, complete: list[dict[str, float]]) -> Progress:  # noqa: FBT001
    best = max((metrics["ndcg_at_10"] for metrics in complete), default=None)
    searched = ", ".join(f"{name} {value:g}" for name, value in candidate.searched.items())
    did = "Left out" if is_left_out else "Measured"
    step = f"{did} {candidate.estimator}" + (f" ({searched})" if searched else "") + f", fit {count} of {total}"
    return Progress(100 * count / total, step, {} if best is None else {"ndcg_at_10": best})
