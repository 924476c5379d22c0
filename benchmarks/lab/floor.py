"""The lab refutes itself first: the noise floor of runs of the same program, and the checks that make a run void."""

from __future__ import annotations

import os
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.figures import ratios
from benchmarks.tables import number

if TYPE_CHECKING:
    from benchmarks.figures import Figures, Series

#: A/A: each series runs one contender a second time, under its name with this ending.
AGAIN = ", again"
#: A contender's turn with another load generator ends so. Both must agree within the noise floor.
OTHER_GENERATOR = ", by h2load"
#: How far throughput times latency may be from the number of requests in flight.
LITTLE = 1.25
#: The most of one core that a load generator may use. Beyond it, the generator limits the run.
GENERATOR_CORE = 0.9
#: The most of all cores that servers and load generator may use together where a second process must have room to give more.
ROOM = 0.9
#: How late an open-loop generator may send (p99).
LATE_MS = 20.0


@dataclass(frozen=True, slots=True)
class Check:
    """A measured value that must lie between two bounds. Otherwise the run of its contender is void."""

    contender: str
    what: str
    value: float
    low: float
    high: float

    @property
    def is_passed(self) -> bool:
        return self.low <= self.value <= self.high

    def __str__(self) -> str:
        return f"{self.contender}: {self.what} is {number(self.value)}, allowed is {number(self.low)} to {number(self.high)}"


def noise_floor(series: Series, figure: str) -> float:
    """Return the largest ratio of a round between two runs of the same program; 1 if the series has no A/A run, as a count has none."""
    floors = [1.0]
    for name in series.rounds:
        if name.endswith(AGAIN):
            floors += [max(ratio, 1 / ratio) for ratio in ratios(series, figure, name, name.removesuffix(AGAIN)) if ratio > 0]
    return max(floors)


def checks_of(contender: str, figures: Figures) -> list[Check]:
    """Return the checks for which the figures of one turn have the values."""
    found = []
    if "in_flight" in figures:
        found.append(Check(contender, "throughput times latency, by requests in flight,", _in_flight_ratio(figures), 1 / LITTLE, LITTLE))
    if "generator_core" in figures:
        found.append(Check(contender, "the load generator's part of a core", figures["generator_core"], 0, GENERATOR_CORE))
    if "busy_cores" in figures:
        cores = ROOM * (os.cpu_count() or 1)
        found.append(Check(contender, "the cores that servers and load generator use together", figures["busy_cores"], 0, cores))
    if "sent_late_p99_ms" in figures:
        found.append(Check(contender, "the load generator's lateness in ms (p99)", figures["sent_late_p99_ms"], 0, LATE_MS))
    return found


def _in_flight_ratio(figures: Figures) -> float:
    """Little's law: the requests in flight are throughput times mean latency."""
    return figures["per_second"] * figures["mean_ms"] / 1000 / figures["in_flight"]


def generator_checks(series: Series) -> list[Check]:
    """Compare the first figure of two load generators: the median of the rounds must differ by less than two runs of the same program."""
    found = []
    for name in (name for name in series.rounds if name.endswith(OTHER_GENERATOR)):
        figure = next(iter(series.rounds[name][0]))
        floor, disagreement = noise_floor(series, figure), ratios(series, figure, name, name.removesuffix(OTHER_GENERATOR))
        found.append(Check(name, f"{figure}, by that of wrk,", median(disagreement), 1 / floor, floor))
    return found


def failed_checks(series: Series, contenders: set[str]) -> list[Check]:
    """Return the failed checks of these contenders and of the load generators.

    One disturbed round of three or more is allowed: the interval shows it.
    """
    failed = [check for check in generator_checks(series) if not check.is_passed]
    for name in contenders:
        of_rounds = [[check for check in checks_of(name, figures) if not check.is_passed] for figures in series.rounds.get(name, [])]
        if sum(map(bool, of_rounds)) > len(of_rounds) / 3:
            failed += [check for checks in of_rounds for check in checks][:1]
    return failed
