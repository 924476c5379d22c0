"""The plan of a search: which estimators a training can afford for data of some size, and how thoroughly it can search.

All follows from the numbers of users, items and interactions, so that a job that can't fit is refused before anything is read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ml_service.errors import InvalidArgument
from ml_service.model.candidates import ESTIMATORS, Configuration, build
from ml_service.model.item_weights import ITEMS_MAX_DENSE
from ml_service.model.sizes import BYTES_MAX, Sizes, fit_bytes, fit_seconds, process_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: The time of all fits of a search, in seconds on one core: half of a job's deadline of 20 minutes.
SECONDS_MAX = 600.0
#: The time to measure the live version once more, which leaves as much for the last fit.
GATE_SECONDS_MAX = SECONDS_MAX / 2
#: How many of the items, the most popular ones, a search sees where its fits on all items would take too long.
ITEMS_SEARCHED = 10_000
#: A climb that isn't bounded takes about this many rounds: see docs/adr/0031.
ROUNDS_USUAL = 4
ROUNDS_MAX = 20
ROUNDS_TEXT = {1: "only the starting values", 2: "only the starting values and their neighbours"}
#: Rather than popularity alone, a search measures popularity and the starting values of another estimator.
ESTIMATORS_LEAST = 2


@dataclass(frozen=True, slots=True)
class Effort:
    """How thorough a search is.

    - `folds`: how many of the ten parts are held out
    - `items`: the climbs see this many items, the most popular ones; if that isn't all, the best of each estimator is then measured on all
    - `rounds`: the largest number of rounds of a climb; the first measures the start
    """

    folds: int
    items: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The estimators of a search, its effort, and the seed of its folds. `notes`: what was left out or reduced, and why; or empty."""

    estimators: tuple[str, ...]
    effort: Effort
    seed: int
    notes: str = ""


def plan_search(named: Sequence[str], sizes: Sizes, folds: int, seed: int) -> Plan:
    """Plan a search with the named estimators, or with all that a training can afford if none is named.

    Raises InvalidArgument (JOB_PARAMS_INVALID) if a named estimator is unknown or too expensive for the data, or if all are.
    """
    for name in named:
        build(Configuration(name, {}))
    left_out: dict[str, str] = {}
    while names := _tried(named, left_out):
        too_large = {name: why for name in names if (why := _why_too_large(name, sizes))}
        if not too_large:
            effort = next((each for each in _efforts(folds, sizes, len(names)) if _seconds(names, each, sizes) <= SECONDS_MAX), None)
            if effort:
                return Plan(names, effort, seed, _describe(left_out, effort, Effort(folds, sizes.items, ROUNDS_MAX)))
            slow = _least_promising(names, sizes)
            too_large = {slow: _why_too_slow(slow, sizes)}
        left_out |= too_large
    reasons = "; ".join(f"{name} {why}" for name, why in left_out.items())
    alternatives = "Name other estimators, or none." if named else "No estimator supports data of this size."
    raise InvalidArgument("JOB_PARAMS_INVALID", f"{reasons}. {alternatives}")


def plan_gate(plan: Plan, names: Sequence[str], sizes: Sizes) -> Plan:
    """Return the plan with as many of its folds as a training can afford, after its search, to measure each of these estimators on.

    Raises InvalidArgument (JOB_PARAMS_INVALID) if it can't afford one fit of one of them.
    """
    folds = plan.effort.folds
    for name in names:
        why = _why_too_large(name, sizes)
        folds = min(folds, int(GATE_SECONDS_MAX // fit_seconds(ESTIMATORS[name].cost(sizes), sizes)))
        if not why and not folds:
            why = _why_too_slow(name, sizes)
        if why:
            raise InvalidArgument("JOB_PARAMS_INVALID", f"{name} {why}.")
    return replace(plan, effort=replace(plan.effort, folds=folds))


def fits_at_once(names: Iterable[str], sizes: Sizes) -> int:
    """Return how many fits of these estimators the memory of a training holds, at least 1."""
    free = BYTES_MAX - process_bytes(sizes)
    return max(1, int(free // max(fit_bytes(ESTIMATORS[name].cost(sizes), sizes) for name in names)))


def _tried(named: Sequence[str], left_out: Iterable[str]) -> tuple[str, ...]:
    """Return the estimators to try: none if a named one is left out; an estimator that stands in for another only without that one."""
    if named:
        return () if set(named) & set(left_out) else tuple(named)
    names = [name for name in ESTIMATORS if name not in left_out]
    return tuple(name for name in names if ESTIMATORS[name].stands_in_for not in names)


def _efforts(folds: int, sizes: Sizes, estimators: int) -> Iterator[Effort]:
    """Yield the efforts to consider for so many estimators, the most thorough first."""
    searched = min(ITEMS_SEARCHED, sizes.items)
    yield Effort(folds, sizes.items, ROUNDS_MAX)
    yield Effort(1, sizes.items, ROUNDS_MAX)
    yield Effort(1, searched, ROUNDS_MAX)
    yield Effort(1, searched, 2)
    if estimators <= ESTIMATORS_LEAST:
        yield Effort(1, sizes.items, 1)


def _seconds(names: Sequence[str], effort: Effort, sizes: Sizes) -> float:
    """Return the estimate for all fits of a search, on one core."""
    part = Sizes(sizes.users, effort.items, sizes.interactions)
    seconds = 0.0
    for estimator in (ESTIMATORS[name] for name in names):
        candidates = 1 + 2 * len(estimator.axes) * (min(effort.rounds, ROUNDS_USUAL) - 1)
        seconds += candidates * effort.folds * fit_seconds(estimator.cost(part), part)
        if part != sizes:
            seconds += effort.folds * fit_seconds(estimator.cost(sizes), sizes)
    return seconds


def _least_promising(names: Sequence[str], sizes: Sizes) -> str:
    """Return the last of the estimators, which are registered best first, but not the cheapest while there are others."""
    by_cost = sorted(names, key=lambda name: fit_seconds(ESTIMATORS[name].cost(sizes), sizes))
    return max(by_cost[1:] or by_cost, key=names.index)


def _why_too_large(name: str, sizes: Sizes) -> str:
    if not ESTIMATORS[name].is_sparse and sizes.items > ITEMS_MAX_DENSE:
        return f"learns a dense matrix, which may have {ITEMS_MAX_DENSE:,} items, and there are {sizes.items:,}"
    needed = process_bytes(sizes) + fit_bytes(ESTIMATORS[name].cost(sizes), sizes)
    if needed > BYTES_MAX:
        return f"needs {needed / 1e9:.1f} GB for {_text(sizes)}, and a training may use {BYTES_MAX / 1e9:g} GB"
    return ""


def _why_too_slow(name: str, sizes: Sizes) -> str:
    seconds = fit_seconds(ESTIMATORS[name].cost(sizes), sizes)
    return f"takes about {seconds:,.0f} s a fit for {_text(sizes)}, and all fits of a search may take {SECONDS_MAX:g} s"


def _text(sizes: Sizes) -> str:
    return f"{sizes.users:,} users, {sizes.items:,} items and {sizes.interactions:,} interactions"


def _describe(left_out: dict[str, str], effort: Effort, asked: Effort) -> str:
    notes = [f"left out {name}: it {why}" for name, why in left_out.items()]
    if effort != asked:
        reduced = [f"{effort.folds} instead of {asked.folds} folds"] if effort.folds < asked.folds else []
        reduced += [f"parameters from the {effort.items:,} most popular items"] if effort.items < asked.items else []
        reduced += [ROUNDS_TEXT[effort.rounds]] if effort.rounds < asked.rounds else []
        notes.append(f"searched with {', '.join(reduced)}, because a fit is expensive")
    return "; ".join(notes)
