"""Format measurements as rows of text, for the terminal and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Series, Spread
    from benchmarks.goals import Verdict

GOAL_HEADER = ("goal", "wanted", "median", "lowest", "highest", "")
#: Figures that the tables leave out.
LEFT_OUT = {"answered", "failed", "processes"}

Rows = list[tuple[str, ...]]


def goal_rows(verdicts: Sequence[Verdict]) -> Rows:
    return [_goal_row(verdict) for verdict in verdicts]


def _goal_row(verdict: Verdict) -> tuple[str, ...]:
    goal, spread = verdict.goal, verdict.spread
    wanted = f"{'≤' if goal.is_at_most else '≥'} {number(goal.wanted)}"
    return goal.name, wanted, *map(number, (spread.median, spread.low, spread.high)), "met" if verdict.is_met else "not met"


def figure_names(series: Series) -> list[str]:
    return list(dict.fromkeys(name for rounds in series.rounds.values() for figures in rounds for name in figures if name not in LEFT_OUT))


def series_rows(series: Series) -> Rows:
    """Return a row for each contender: each figure's median, lowest and highest of the rounds."""
    names = figure_names(series)
    return [(contender, *(_cell(series.spread(contender, name)) for name in names)) for contender in series.rounds]


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return ""
    return f"{number(spread.median)} ({number(spread.low)} to {number(spread.high)})"


def number(value: float) -> str:
    """Format with three significant digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def as_text(header: Sequence[str], rows: Rows) -> str:
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (tuple(header), *rows)]
    return "\n".join(lines)
