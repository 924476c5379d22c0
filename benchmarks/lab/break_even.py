"""The break-even picture: which place of the computation wins in each cell, and where this architecture begins to pay."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from benchmarks.figures import Spread, ratios
from benchmarks.lab.floor import AGAIN, noise_floor
from benchmarks.tables import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Series

TIE = "no difference beyond the noise"
COLOURS = {"in process": "#1b6ca8", "gRPC": "#d1495b", "HTTP": "#edae49", "queue": "#6a4c93", "thread": "#66a182", "processes": "#3f7d5c"}
PLAIN = "#777"
WIDTH, ROW, LABELS = 860, 34, 400


@dataclass(frozen=True, slots=True)
class Surface:
    """Cells that are compared by one figure. `base`: the contender in one process. `hop`: the one behind gRPC."""

    question: str
    figure: str
    base: str
    hop: str
    cells: Sequence[Series]


def surfaces(hop: Sequence[Series], offload: Sequence[Series]) -> list[Surface]:
    """Return the surfaces of the two experiments, without those that weren't measured."""
    both = [
        Surface("Who answers a request first?", "mean_ms", "in process", "behind gRPC", hop),
        Surface("Beside whom does a cheap request wait least (p99)?", "p99_ms", "Node, event loop", "Node, behind gRPC", offload),
    ]
    return [surface for surface in both if surface.cells]


def winner(surface: Surface, cell: Series) -> str:
    """Return the contender with the lowest figure, or a tie if another is as low within the intervals and the noise floor."""
    spreads = {name: cell.spread(name, surface.figure) for name in cell.rounds if not name.endswith(AGAIN)}
    best = min(spreads, key=lambda name: spread.median if (spread := spreads[name]) else float("inf"))
    floor = noise_floor(cell, surface.figure)
    others = [Spread.of(of_rounds) for name in spreads if name != best and (of_rounds := ratios(cell, surface.figure, name, best))]
    return best if all(ratio.low > floor for ratio in others) else TIE


def sentence(surface: Surface) -> str:
    """Say in which cells gRPC is below the own process in every round, by more than the noise floor."""
    paying = []
    for cell in surface.cells:
        ratio = Spread.of(ratios(cell, surface.figure, surface.hop, surface.base))
        if ratio.high < 1 / noise_floor(cell, surface.figure):
            paying.append(f"{cell.title} ({number(ratio.median)} of the time in one process)")
    if not paying:
        return f"{surface.question} On this machine, never the one behind gRPC."
    return f"{surface.question} On this machine, gRPC begins to pay here: {'; '.join(paying)}."


def as_svg(drawn: Sequence[Surface]) -> str:
    """Draw a row for each cell: its title, and the winner in its colour with the ratio to the own process."""
    parts, top = [], 0
    for surface in drawn:
        parts.append(f'<text x="0" y="{top + 22}" font-weight="bold">{escape(surface.question)}</text>')
        top += ROW
        for cell in surface.cells:
            parts.append(_row(surface, cell, top))
            top += ROW
    style = "<style>text { font: 14px sans-serif; fill: #222 } .won { fill: #fff }</style>"
    size = f'viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}"'
    content = f'{style}<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">{content}</svg>\n'


def _row(surface: Surface, cell: Series, top: int) -> str:
    won = winner(surface, cell)
    text = won
    if won not in {TIE, surface.base}:
        ratio = Spread.of(ratios(cell, surface.figure, won, surface.base))
        text += f", {number(ratio.median)} of the time in one process"
    colour = next((colour for word, colour in COLOURS.items() if word in won), COLOURS["in process"] if won == surface.base else PLAIN)
    return (
        f'<text x="0" y="{top + 20}">{escape(cell.title)}</text>'
        f'<rect x="{LABELS}" y="{top}" width="{WIDTH - LABELS}" height="{ROW - 4}" rx="4" fill="{colour}"/>'
        f'<text class="won" x="{LABELS + 10}" y="{top + 20}">{escape(text)}</text>'
    )


def as_html(drawn: Sequence[Surface]) -> str:
    sentences = "".join(f"<p>{escape(sentence(surface))}</p>" for surface in drawn)
    return f"<h2>Where a second process begins to pay</h2>{sentences}{as_svg(drawn)}"
