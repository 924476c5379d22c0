"""Draw plots as SVG, so that the report is one self-contained file."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from benchmarks.tables import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.figures import Series

WIDTH, ROW, LABELS, RIGHT = 860, 26, 250, 110
CURVE_HEIGHT, MARGIN = 320, 50
COLOURS = ("#1b6ca8", "#d1495b", "#66a182", "#edae49", "#6a4c93", "#555")

Points = list[tuple[float, float]]


def bars(series: Series, figure: str) -> str:
    """Draw a bar for each contender's median, and a dot for each of its rounds."""
    measured = {name: series.values(name, figure) for name in series.rounds}
    measured = {name: values for name, values in measured.items() if values}
    longest = max((max(values) for values in measured.values()), default=0) or 1
    rows = [_bar(place, name, values, (WIDTH - LABELS - RIGHT) / longest) for place, (name, values) in enumerate(measured.items())]
    return _svg(len(measured) * ROW + 4, "".join(rows))


def _bar(place: int, name: str, values: Sequence[float], scale: float) -> str:
    top, middle = place * ROW + 4, sorted(values)[len(values) // 2]
    centre = top + ROW / 2 - 2
    dots = "".join(f'<circle cx="{LABELS + value * scale:.1f}" cy="{centre}" r="3" class="dot"/>' for value in values)
    return (
        f'<text x="{LABELS - 8}" y="{centre + 4}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{LABELS}" y="{top}" width="{middle * scale:.1f}" height="{ROW - 6}" fill="{COLOURS[0 if place == 0 else 5]}"/>'
        f'{dots}<text x="{LABELS + max(values) * scale + 8:.1f}" y="{centre + 4}">{number(middle)}</text>'
    )


def curves(lines: Mapping[str, Points], x_label: str, y_label: str) -> str:
    """Draw lines with both axes logarithmic, because latencies span several orders of magnitude."""
    points = [point for line in lines.values() for point in line]
    across = _Axis([x for x, _ in points], MARGIN, WIDTH - LABELS)
    up = _Axis([y for _, y in points], CURVE_HEIGHT - MARGIN, 30)
    drawn = [_curve(place, name, line, across, up) for place, (name, line) in enumerate(lines.items())]
    ticks = "".join(
        f'<text x="{across.at(x):.1f}" y="{CURVE_HEIGHT - MARGIN + 18}" text-anchor="middle">{number(x)}</text>' for x in across.ticks
    )
    ticks += "".join(f'<text x="{MARGIN - 8}" y="{up.at(y) + 4:.1f}" text-anchor="end">{number(y)}</text>' for y in up.ticks)
    labels = f'<text x="{MARGIN}" y="{CURVE_HEIGHT - 10}">{escape(x_label)} →</text><text x="0" y="12">{escape(y_label)} ↑</text>'
    return _svg(CURVE_HEIGHT, ticks + labels + "".join(drawn))


class _Axis:
    """A logarithmic scale from values to pixels."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self._low, self._high = math.log(min(values)), math.log(max(values))
        self._start, self._end = start, end
        self.ticks = sorted({min(values), max(values), math.exp((self._low + self._high) / 2)})

    def at(self, value: float) -> float:
        width = self._high - self._low
        return self._start + (self._end - self._start) * ((math.log(value) - self._low) / width if width else 0.5)


def _curve(place: int, name: str, line: Points, across: _Axis, up: _Axis) -> str:
    colour = COLOURS[place % len(COLOURS)]
    placed = [f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in line]
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in (point.split(",") for point in placed))
    legend = f'<text x="{WIDTH - LABELS + 14}" y="{24 + 20 * place}" fill="{colour}">{escape(name)}</text>'
    return f'<polyline points="{" ".join(placed)}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{legend}'


def _svg(height: float, content: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">{content}</svg>'
