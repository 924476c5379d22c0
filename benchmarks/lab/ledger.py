"""The claim ledger: read claims.toml, and compute each claim's verdict from the rounds of a run."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Spread, ratios
from benchmarks.lab.floor import failed_checks, noise_floor
from benchmarks.tables import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.figures import Series

CLAIMS = Path(__file__).with_name("claims.toml")
NOT_MEASURABLE = "not measurable here"
#: The ratio must lie above the first bound and below the second for the claim to hold.
NEVER, ALWAYS = 0.0, float("inf")


@dataclass(frozen=True, slots=True)
class Case:
    """A figure of two contenders of one series, compared in each round: `over` ÷ `under`."""

    name: str
    series: str
    figure: str
    over: str
    under: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A row of claims.toml, which explains the fields."""

    id: str
    quotation: str
    source: str
    experiment: str
    figure: str
    unit: str
    threshold: float
    holds_when: str
    interval: str
    cases: tuple[Case, ...] = ()
    depends_on: str = ""

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the ratios between which the claim holds."""
        return {"above": (self.threshold, ALWAYS), "below": (NEVER, self.threshold), "similar": (1 / self.threshold, self.threshold)}[
            self.holds_when
        ]


class Finding(Enum):
    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "too close to the threshold for this run's noise"
    VOID = "the run is void"
    MISSING = "the run did not measure it"


@dataclass(frozen=True, slots=True)
class Judged:
    """One case with its ratio, and the noise floor that the ratio's distance from the threshold must exceed."""

    case: Case
    finding: Finding
    ratio: Spread | None = None
    floor: float = 1.0
    reason: str = ""

    def __str__(self) -> str:
        if self.ratio is None:
            return f"{self.case.name}: {self.reason or self.finding.value}"
        shown = f"{number(self.ratio.median)} ({number(self.ratio.low)} to {number(self.ratio.high)}), noise floor {number(self.floor)}"
        return f"{self.case.name}: {shown}: {self.reason or self.finding.value}"


@dataclass(frozen=True, slots=True)
class Verdict:
    claim: Claim
    cases: Sequence[Judged]

    @property
    def text(self) -> str:
        """A claim holds if all its cases hold. One case contradicts it; if others hold, the verdict depends on the case."""
        findings = {judged.finding for judged in self.cases}
        if findings == {Finding.HOLDS}:
            return Finding.HOLDS.value
        if Finding.FAILS in findings:
            return f"depends on {self.claim.depends_on}" if Finding.HOLDS in findings else Finding.FAILS.value
        return NOT_MEASURABLE

    @property
    def why(self) -> str:
        return "; ".join(map(str, self.cases)) + "." if self.cases else "There is no experiment yet."

    def as_row(self) -> dict[str, Any]:
        """Return the claim's entry in the report. The decision tool reads it."""
        claim, ratio = self.claim, self.cases[0].ratio if self.cases else None
        return {
            **{name: getattr(claim, name) for name in ("id", "quotation", "source", "experiment", "figure", "unit")},
            "value": ratio and ratio.median,
            "low": ratio and ratio.low,
            "high": ratio and ratio.high,
            "threshold": claim.threshold,
            "verdict": self.text,
            "why": self.why,
            "command": f"make lab ONLY={claim.experiment}" if claim.experiment else "",
        }


def read_claims(path: Path = CLAIMS) -> list[Claim]:
    rows = tomllib.loads(path.read_text("utf-8"))["claim"]
    return [Claim(cases=tuple(Case(**case) for case in row.pop("case", ())), **row) for row in rows]


def judge(claim: Claim, measured: Mapping[str, Series]) -> Verdict:
    """Judge a claim by the series of its experiment."""
    return Verdict(claim, [_judge_case(claim, case, measured.get(case.series)) for case in claim.cases])


def _judge_case(claim: Claim, case: Case, series: Series | None) -> Judged:
    of_rounds = ratios(series, case.figure, case.over, case.under) if series else []
    if not series or not of_rounds:
        return Judged(case, Finding.MISSING)
    ratio, floor = Spread.of(of_rounds), noise_floor(series, case.figure)
    failed = failed_checks(series, {case.over, case.under})
    if failed:
        return Judged(case, Finding.VOID, ratio, floor, f"void, because {failed[0]}")
    return Judged(case, find(ratio, claim.bounds, floor), ratio, floor)


def find(ratio: Spread, bounds: tuple[float, float], floor: float) -> Finding:
    """Compare the whole interval with the bounds. A ratio that is closer to a bound than the noise floor decides nothing."""
    low, high = bounds
    if ratio.low > low * floor and ratio.high < high / floor:
        return Finding.HOLDS
    if ratio.high < low / floor or ratio.low > high * floor:
        return Finding.FAILS
    return Finding.OPEN
