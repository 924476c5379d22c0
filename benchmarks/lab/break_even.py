"""The break-even surface: which contender answers fastest in each cell, and the sentence that says where the hop begins to pay."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from benchmarks.figures import Spread, ratios
from benchmarks.lab.floor import AGAIN, noise_floor
from benchmarks.plots import COLOURS
from benchmarks.tables import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Series

HOP = "hop"
FIGURE, BASE = "mean_ms", "in process"
TIE = "no difference beyond the noise"


def winner(series: Series) -> str:
    """Return the contender with the lowest latency, or a tie if another is as fast within the intervals and the noise floor."""
    spreads = {name: series.spread(name, FIGURE) for name in series.rounds if not name.endswith(AGAIN)}
    best = min(spreads, key=lambda name: spread.median if (spread := spreads[name]) else float("inf"))
    floor = noise_floor(series, FIGURE)
    others = [Spread.of(of_rounds) for name in spreads if name != best and (of_rounds := ratios(series, FIGURE, name, best))]
    return best if all(ratio.low > floor for ratio in others) else TIE


def sentence(cells: Sequence[Series]) -> str:
    """Say in which cells another place than the own process wins."""
    paying = [series.title for series in cells if winner(series) not in {BASE, TIE}]
    if not paying:
        return "On this machine, a hop made no request faster: it pays only through what else it gives, as the experiment offload measures."
    return f"On this machine, a hop begins to pay here: {'; '.join(paying)}."


def as_html(cells: Sequence[Series]) -> str:
    """Draw a coloured row for each cell, with its winner and each contender's median."""
    names = list(dict.fromkeys([*(name for series in cells for name in series.rounds if not name.endswith(AGAIN)), TIE]))
    colours = dict(zip(names, COLOURS, strict=False))
    rows = []
    for series in cells:
        won = winner(series)
        medians = ", ".join(f"{name} {number(spread.median)}" for name in names if (spread := series.spread(name, FIGURE)))
        style = f"background: {colours[won]}; color: #fff; padding: .4rem"
        rows.append(f'<tr><td>{escape(series.title)}</td><td style="{style}">{escape(won)}</td><td>{escape(medians)}</td></tr>')
    return f"<h3>Who answers first</h3><p>{escape(sentence(cells))}</p><table>{''.join(rows)}</table>"
