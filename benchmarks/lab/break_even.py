"""The break-even picture: which place of the computation wins in each cell, and where this architecture begins to pay."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from benchmarks.figures import Spread, ratios
from benchmarks.lab.floor import AGAIN, noise_floor
from benchmarks.lab.hop.measure import BYTES, CONNECTIONS, MODEL_MS, cell_name
from benchmarks.lab.offload.measure import COMPUTATIONS
from benchmarks.tables import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.figures import Series

    #: A cell's column (the computation) and row (the load), as labels, by the name of its series.
    Places = Mapping[str, tuple[str, str]]

#: The colour of a contender is that of the first of these words in its name.
COLOURS = {
    "batches": "#e8853d",
    "gRPC": "#d1495b",
    "HTTP": "#edae49",
    "queue": "#6a4c93",
    "worker": "#66a182",
    "Python, processes": "#2e6f54",
    "Python, threads": "#8c6d46",
    "Python": "#555",
}
BASE_COLOUR = "#1b6ca8"
LABELS, COLUMN, ROW, LINE = 170, 230, 46, 26


@dataclass(frozen=True, slots=True)
class Surface:
    """Cells that are compared by one figure. `base`: the contender in one process. `hop`: the one behind gRPC."""

    question: str
    figure: str
    base: str
    hop: str
    cells: Sequence[Series]
    places: Places

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(self.places[cell.name][0] for cell in self.cells))

    @property
    def rows(self) -> list[str]:
        return list(dict.fromkeys(self.places[cell.name][1] for cell in self.cells))

    def colour(self, contender: str) -> str:
        return BASE_COLOUR if contender == self.base else next(colour for word, colour in COLOURS.items() if word in contender)


def surfaces(hop: Sequence[Series], offload: Sequence[Series]) -> list[Surface]:
    """Return the surfaces of the two experiments, without those that weren't measured."""
    both = [
        Surface("Who answers a request first?", "mean_ms", "in process", "behind gRPC", hop, _hop_places()),
        Surface(
            "Beside whom does a cheap request wait least (p99)?",
            "p99_ms",
            "Node, event loop",
            "Node, behind gRPC",
            offload,
            _offload_places(),
        ),
    ]
    return [surface for surface in both if surface.cells]


def _hop_places() -> Places:
    return {
        cell_name(milliseconds, size, connections): (f"model of {milliseconds} ms", f"{connections} at once, {size:,} bytes")
        for size in BYTES
        for connections in CONNECTIONS
        for milliseconds in MODEL_MS
    }


def _offload_places() -> Places:
    return {name: (f"{per_second} computations/s of {ms} ms", "") for name, (ms, per_second) in COMPUTATIONS.items()}


def winners(surface: Surface, cell: Series) -> list[str]:
    """Return the contender with the lowest figure, and each that ties with it: not higher in every round by more than the noise floor."""
    spreads = {name: spread for name in cell.rounds if not name.endswith(AGAIN) and (spread := cell.spread(name, surface.figure))}
    best = min(spreads, key=lambda name: spreads[name].median)
    floor = noise_floor(cell, surface.figure)
    tied = [name for name in spreads if name != best and Spread.of(ratios(cell, surface.figure, name, best)).low <= floor]
    return [best, *tied]


def sentence(surface: Surface) -> str:
    """Say from which cell on gRPC is below the own process in every round, by more than the noise floor."""
    paying = [(cell, ratio) for cell in surface.cells if (ratio := _gain(surface, cell)) is not None]
    if not paying:
        return f"{surface.question} On this machine, never the one behind gRPC."
    first, ratio = paying[0]
    where = f"{first.title} ({number(ratio)} of the time in one process). It pays in {len(paying)} of {len(surface.cells)} cells."
    return f"{surface.question} On this machine, gRPC begins to pay here: {where}"


def _gain(surface: Surface, cell: Series) -> float | None:
    ratio = Spread.of(ratios(cell, surface.figure, surface.hop, surface.base))
    return ratio.median if ratio.high < 1 / noise_floor(cell, surface.figure) else None


def as_svg(drawn: Sequence[Surface]) -> str:
    """Draw a grid for each surface. A cell has its winner's colour, or a stripe in the colour of each contender that ties."""
    parts: list[str] = []
    top, width = 0, LABELS
    for surface in drawn:
        parts += [*_grid(surface, top), *_legend(surface, top + LINE * 2 + ROW * len(surface.rows))]
        contenders = max(len(_contenders(surface)), 1)
        top += LINE * (3 + (contenders + 2) // 3) + ROW * len(surface.rows)
        width = max(width, LABELS + COLUMN * max(len(surface.columns), 3))
    won = ".won { fill: #fff; stroke: #222; stroke-width: 3px; paint-order: stroke }"
    style = f"<style>text {{ font: 14px sans-serif; fill: #222 }} {won}</style>"
    size = f'viewBox="0 0 {width} {top}" width="{width}" height="{top}"'
    content = f'{style}<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" style="max-width: 100%; height: auto">{content}</svg>\n'


def _grid(surface: Surface, top: int) -> Iterator[str]:
    yield _text(0, top + 18, surface.question, 'font-weight="bold"')
    for place, column in enumerate(surface.columns):
        yield _text(LABELS + COLUMN * place + 4, top + LINE + 18, column)
    for place, row in enumerate(surface.rows):
        yield _text(0, top + LINE * 2 + ROW * place + 27, row)
    for cell in surface.cells:
        column, row = surface.places[cell.name]
        left, down = LABELS + COLUMN * surface.columns.index(column), top + LINE * 2 + ROW * surface.rows.index(row)
        yield from _cell(surface, cell, left, down)


def _cell(surface: Surface, cell: Series, left: int, top: int) -> Iterator[str]:
    won = winners(surface, cell)
    stripe = (COLUMN - 4) / len(won)
    for place, name in enumerate(won):
        yield f'<rect x="{left + stripe * place:.1f}" y="{top}" width="{stripe:.1f}" height="{ROW - 4}" fill="{surface.colour(name)}"/>'
    text = won[0] if len(won) == 1 else f"a tie of {len(won)}"
    if surface.base not in won:
        ratio = Spread.of(ratios(cell, surface.figure, won[0], surface.base))
        text += f", {number(ratio.median)} of the time"
    yield f"<title>{escape(cell.title)}: {escape(', '.join(won))}</title>"
    yield _text(left + 8, top + 26, text, 'class="won"')


def _contenders(surface: Surface) -> list[str]:
    """Return the contenders that win or tie in a cell."""
    return list(dict.fromkeys(name for cell in surface.cells for name in winners(surface, cell)))


def _legend(surface: Surface, top: int) -> Iterator[str]:
    for place, name in enumerate(_contenders(surface)):
        left, down = LABELS + COLUMN * (place % 3), top + LINE * (place // 3)
        yield f'<rect x="{left}" y="{down + 4}" width="14" height="14" fill="{surface.colour(name)}"/>'
        yield _text(left + 20, down + 16, name)


def _text(x: float, y: float, text: str, attributes: str = "") -> str:
    return f'<text x="{x}" y="{y}" {attributes}>{escape(text)}</text>'


def as_html(drawn: Sequence[Surface]) -> str:
    sentences = "".join(f"<p>{escape(sentence(surface))}</p>" for surface in drawn)
    legend = "<p>Stripes are ties within the noise floor. A part of the time compares the first stripe with one process.</p>"
    return f"<h2>Where a second process begins to pay</h2>{sentences}{legend}{as_svg(drawn)}"
