"""Interleave the contenders' turns, so a busy minute affects all. Each round has one turn of each, and begins with the next contender."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.figures import Figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.schedule import Schedule

#: Puts load on one contender and returns its figures.
Turn = Callable[[], Figures]


class LoadFailed(Exception):
    """The answers were wrong or failed, so the figures mean nothing."""


def interleave(
    turns: Mapping[str, Turn],
    rounds: int,
    say: Callable[[str], None],
    schedule: Schedule | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, list[Figures]]:
    """Return each contender's figures, one entry a round. With a schedule, leave out the rounds for which there is no time."""
    measured: dict[str, list[Figures]] = {name: [] for name in turns}
    seconds = 0.0
    for number in range(rounds):
        if number and schedule and not schedule.has_time(seconds):
            schedule.leave_out(f"{rounds - number} of {rounds} rounds")
            break
        began = clock()
        for name in rotated(list(turns), number):
            figures = checked(name, turns[name]())
            measured[name].append(figures)
            say(f"  {number + 1}/{rounds} {name}: {describe(figures)}")
        seconds = clock() - began
    return measured


def rotated(names: list[str], by: int) -> list[str]:
    by %= len(names)
    return names[by:] + names[:by]


def checked(name: str, figures: Figures) -> Figures:
    """Return the figures. Raise LoadFailed if more than one request in a hundred failed."""
    failed, answered = figures.get("failed", 0), figures.get("answered", 1)
    if failed > answered / 100:
        raise LoadFailed(f"{name}: {failed:.0f} of {failed + answered:.0f} requests failed")
    return figures


def describe(figures: Figures) -> str:
    return ", ".join(f"{name} {value:,.4g}" for name, value in figures.items() if name not in {"answered", "failed"})
