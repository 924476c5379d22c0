"""Statistics: percentiles, medians with their spread, ratios of each round."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The results of one contender's turn, by name; names end in their unit.
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, lowest and highest value of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))


@dataclass(slots=True)
class Series:
    """A measurement side by side: each contender's figures, one entry a round."""

    name: str
    title: str
    rounds: dict[str, list[Figures]] = field(default_factory=dict)
    #: Sentences that belong to the figures.
    notes: list[str] = field(default_factory=list)

    def values(self, contender: str, figure: str) -> list[float]:
        return [figures[figure] for figures in self.rounds.get(contender, []) if figure in figures]

    def spread(self, contender: str, figure: str) -> Spread | None:
        values = self.values(contender, figure)
        return Spread.of(values) if values else None


def percentile(values: Sequence[float], part: float) -> float:
    """Return the percentile by nearest rank, so it is a measured value."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def percentiles_ms(seconds: Sequence[float]) -> Figures:
    parts = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "max_ms": 1.0}
    return {name: percentile(seconds, part) * 1000 for name, part in parts.items()}


def ratios(series: Series, figure: str, over: str, under: str) -> list[float]:
    """Return one ratio a round: a disturbance of a round affects both contenders."""
    pairs = zip(series.values(over, figure), series.values(under, figure), strict=False)
    return [above / below for above, below in pairs if below > 0]
