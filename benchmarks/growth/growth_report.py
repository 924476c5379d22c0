"""The report of a growth run: curves over users and over items, as JSON and as one self-contained HTML file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING

from benchmarks.plots import curves
from benchmarks.report import STYLE
from benchmarks.tables import as_text, number
from ml_service.model.sizes import BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.figures import Figures

TITLE = "Why Not Both: growth"
#: Figures that share a plot, by unit.
DRAWN = {
    "seconds": ("fit_seconds", "start_seconds"),
    "MB": ("fit_peak_mb", "serve_mb", "swap_peak_mb"),
    "ms": ("cold_p50_ms", "warm_p50_ms", "cold_p99_ms"),
    "per second": ("projector_per_second", "bare_per_second"),
}
#: The axis that stays constant while the other grows.
FIXED = {"users": "items", "items": "users"}


@dataclass(frozen=True, slots=True)
class Point:
    """The measurements of one size."""

    size: Mapping[str, float]
    estimator: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class GrowthReport:
    machine: Mapping[str, str]
    points: Sequence[Point]
    seconds: float
    #: The error that ended the run early; empty if none did.
    failure: str = ""

    def save(self, folder: Path, name: str) -> Path:
        """Write both files and return the path of the HTML file."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")
        page = folder / f"{name}.html"
        page.write_text(self.as_html(), "utf-8")
        return page

    def as_text(self) -> str:
        return f"{as_text(self._header, self._rows)}\n\n{self._end}"

    def as_html(self) -> str:
        facts = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in self.machine.items())
        rows = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in self._rows]
        heads = "".join(f"<th>{escape(name)}</th>" for name in self._header)
        body = [
            f"<h1>{TITLE}</h1><p>{escape(self._end)} The run took {self.seconds:.0f} s.</p>",
            f"<p class='failure'>{escape(self.failure)}</p>" if self.failure else "",
            f"<table>{facts}</table>",
            *(self._curves(axis) for axis in FIXED),
            f"<h2>All figures</h2><table><tr>{heads}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>",
        ]
        head = f'<meta charset="utf-8"><title>{TITLE}</title><style>{STYLE}</style>'
        return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'

    @property
    def _header(self) -> tuple[str, ...]:
        return ("users", "items", "estimator", *dict.fromkeys(name for point in self.points for name in point.figures))

    @property
    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                f"{point.size['users']:,}",
                f"{point.size['items']:,}",
                point.estimator,
                *(number(point.figures[name]) for name in self._header[3:]),
            )
            for point in self.points
        ]

    @property
    def _end(self) -> str:
        """Return a sentence on the choice of the estimator."""
        return f"The estimator is the first whose fit a training can afford: no process takes more than {BYTES_MAX / 1e9:g} GB."

    def _curves(self, axis: str) -> str:
        """Draw the curves of the sizes on this axis."""
        line = self._line(axis)
        plots = [
            f"<p>{unit}</p>" + curves({name: [(point.size[axis], point.figures[name]) for point in line] for name in names}, axis, unit)
            for unit, names in DRAWN.items()
            if len(line) > 1
        ]
        return f"<h2>Over {axis}</h2>{''.join(plots)}"

    def _line(self, axis: str) -> list[Point]:
        shared = [point.size[FIXED[axis]] for point in self.points]
        if not shared:
            return []
        most = max(shared, key=shared.count)
        return sorted((point for point in self.points if point.size[FIXED[axis]] == most), key=lambda point: point.size[axis])
