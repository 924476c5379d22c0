"""Cross-validation inside the given ratings: fits candidates on the folds, in parallel, and measures each."""

from __future__ import annotations

import warnings
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.model_selection import KFold
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from ml_service.errors import InvalidArgument
from ml_service.model.candidates import Configuration, LeftOut, Measured, fit, reason_of
from ml_service.model.metrics import Quality, join, ranking_quality
from ml_service.model.plan import fits_at_once
from ml_service.model.sizes import USERS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from ml_service.model.ratings import Int32Array, IntArray, Ratings

    Fold = tuple[IntArray, IntArray]
    #: The index of a candidate and of a fold.
    Task = tuple[int, int]

#: The ratings are cut into this number of parts, and each fold holds out one. Sparser training data needs more regularisation, so a fold's
#: training part must be nearly as dense as all ratings: see docs/adr/0005.
PARTS = 10


class CrossValidation:
    """The folds of some ratings: the seed chooses them, and the users on whom fits are measured."""

    def __init__(self, ratings: Ratings, folds: int, seed: int) -> None:
        """Raise InvalidArgument (JOB_PARAMS_INVALID) for fewer than PARTS ratings. `folds` is at most PARTS."""
        if len(ratings) < PARTS:
            detail = f"a cross-validation needs at least {PARTS} ratings; the number of ratings is {len(ratings)}, so import more"
            raise InvalidArgument("JOB_PARAMS_INVALID", detail)
        self._pairs, self._ratings, self._sizes = ratings.pairs, ratings.ratings, ratings.sizes
        is_measured = some_users(self._pairs[:, 0], seed)
        parts = islice(KFold(PARTS, shuffle=True, random_state=seed).split(self._pairs), folds)
        self._splits = [(train, test[is_measured[test]]) for train, test in parts]

    def measure(self, candidates: Sequence[Configuration]) -> Iterator[tuple[int, Measured | LeftOut | None]]:
        """Yield the index of a candidate after each of its fits, with its result once it is known and None before.

        A candidate that can't be fitted to one of the folds is left out.
        """
        outcomes: list[dict[int, Quality | LeftOut]] = [{} for _ in candidates]
        for (place, fold), outcome in self._run(candidates):
            outcomes[place][fold] = outcome
            is_known = isinstance(outcome, LeftOut) or len(outcomes[place]) == len(self._splits)
            yield place, _join(candidates[place], outcomes[place]) if is_known else None

    def fit_count(self, candidates: Sequence[Configuration]) -> int:
        return len(candidates) * len(self._splits)

    def _run(self, candidates: Sequence[Configuration]) -> Iterator[tuple[Task, Quality | LeftOut]]:
        """Yield the outcome of each fit as soon as it ends.

        joblib's active backend runs the fits: threads, or a cluster (`parallel_config`).
        The outcomes aren't in order: the slow fits come first, and in order they would delay the progress reports of all others.
        """
        tasks = [(place, fold) for place in range(len(candidates)) for fold in range(len(self._splits))]
        fits = (delayed(_fit_and_measure)(task, candidates[task[0]], self._pairs, self._ratings, self._splits[task[1]]) for task in tasks)
        cores = effective_n_jobs(-1)
        jobs = min(cores, fits_at_once({candidate.estimator for candidate in candidates}, self._sizes))
        # A core for each fit: threads of BLAS spin while they wait for each other, which takes several times the work on a busy machine.
        with threadpool_limits(cores // jobs, "blas"), warnings.catch_warnings():
            # joblib warns if the search is ended early, which a cancelled job does on purpose.
            warnings.filterwarnings("ignore", "[0-9]+ tasks ")
            yield from Parallel(n_jobs=jobs, prefer="threads", return_as="generator_unordered")(fits)


def _fit_and_measure(task: Task, candidate: Configuration, pairs: Int32Array, y: Any, split: Fold) -> tuple[Task, Quality | LeftOut]:
    train, test = split
    try:
        return task, ranking_quality(fit(candidate, pairs[train], y[train]), pairs[test])
    except InvalidArgument as error:
        return task, LeftOut(candidate, reason_of(error.__cause__ or error))


def _join(candidate: Configuration, outcomes: dict[int, Quality | LeftOut]) -> Measured | LeftOut:
    in_order = [outcomes[fold] for fold in sorted(outcomes)]
    for outcome in in_order:
        if isinstance(outcome, LeftOut):
            return outcome
    return Measured(candidate, join([outcome for outcome in in_order if isinstance(outcome, Quality)]))


def some_users(users: Int32Array, seed: int) -> npt.NDArray[np.bool_]:
    """Return for each row whether its user is one of the at most USERS_MAX on whom fits are measured."""
    return np.isin(users, np.random.default_rng(seed).permutation(np.unique(users))[:USERS_MAX])
