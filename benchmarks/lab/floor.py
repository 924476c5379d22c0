"""The lab refutes itself first: the noise floor of runs of the same program, and the checks that make a run void."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.figures import ratios
from benchmarks.tables import number

if TYPE_CHECKING:
    from benchmarks.figures import Figures, Series

#: A/A: each series runs one contender a second time, under its name with this ending.
AGAIN = ", again"
#: A contender's turn with another load generator ends so. What two generators disagree by decides nothing either.
OTHER_GENERATOR = ", by h2load"
#: How far throughput times latency may be from the number of requests in flight.
LITTLE = 1.25
#: The most of one core that a load generator may use. Beyond it, the generator limits the run.
GENERATOR_CORE = 0.9
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
    """Return the largest ratio of a round between two runs of the same program; 1 if the series has no such runs, as a count has none."""
    floors = [1.0]
    for name in series.rounds:
        for ending in (AGAIN, OTHER_GENERATOR):
            if name.endswith(ending):
                floors += [max(ratio, 1 / ratio) for ratio in ratios(series, figure, name, name.removesuffix(ending)) if ratio > 0]
    return max(floors)


def checks_of(contender: str, figures: Figures) -> list[Check]:
    """Return the checks for which the figures of one turn have the values."""
    found = []
    if "in_flight" in figures:
        found.append(Check(contender, "throughput times latency, by requests in flight,", _in_flight_ratio(figures), 1 / LITTLE, LITTLE))
    if "generator_core" in figures:
        found.append(Check(contender, "the load generator's part of a core", figures["generator_core"], 0, GENERATOR_CORE))
    if "sent_late_p99_ms" in figures:
        found.append(Check(contender, "the load generator's lateness in ms (p99)", figures["sent_late_p99_ms"], 0, LATE_MS))
    return found


def _in_flight_ratio(figures: Figures) -> float:
    """Little's law: the requests in flight are throughput times mean latency."""
    return figures["per_second"] * figures["mean_ms"] / 1000 / figures["in_flight"]


def failed_checks(series: Series, contenders: set[str]) -> list[Check]:
    """Return the failed checks of these contenders. One disturbed round of three or more is allowed: the interval shows it."""
    failed = []
    for name in contenders:
        of_rounds = [[check for check in checks_of(name, figures) if not check.is_passed] for figures in series.rounds.get(name, [])]
        if sum(map(bool, of_rounds)) > len(of_rounds) / 3:
            failed += [check for checks in of_rounds for check in checks][:1]
    return failed
