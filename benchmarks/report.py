"""The report of a run: everything as JSON, and one self-contained HTML file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING

from benchmarks.plots import bars, curves
from benchmarks.tables import GOAL_HEADER, as_text, figure_names, goal_rows, series_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.figures import Series
    from benchmarks.goals import Verdict
    from benchmarks.tables import Rows

TITLE = "Why Not Both: measured side by side"
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } td, th { padding: .2rem .8rem .2rem 0; text-align: left }
tr { border-bottom: 1px solid #ddd } svg { max-width: 100%; height: auto; font-size: 12px } .dot { fill: #fff; stroke: #222 }
.missed td:last-child, .failure { color: #b00020; font-weight: 600 }
"""
#: The report draws the first of these figures that a series has.
DRAWN = ("per_second", "events_per_second", "p99_ms", "demo_seconds")
RATE = "rate-"


@dataclass(frozen=True, slots=True)
class Report:
    machine: Mapping[str, str]
    series: Sequence[Series]
    verdicts: Sequence[Verdict]
    seconds: float
    #: The error that ended the run early; empty if none did.
    failure: str = ""
    #: Measurements that a slow machine had no time for.
    left_out: Sequence[str] = ()

    def save(self, folder: Path, name: str) -> Path:
        """Write both files and return the path of the HTML file."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(self.as_json(), "utf-8")
        page = folder / f"{name}.html"
        page.write_text(self.as_html(), "utf-8")
        return page

    def as_json(self) -> str:
        verdicts = [{"is_met": verdict.is_met, **asdict(verdict)} for verdict in self.verdicts]
        content = {
            "machine": self.machine,
            "seconds": self.seconds,
            "failure": self.failure,
            "left_out": list(self.left_out),
            "goals": verdicts,
            "series": [asdict(one) for one in self.series],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    def as_text(self) -> str:
        parts = [f"{one.title}\n{as_text(('', *figure_names(one)), series_rows(one))}" for one in self.series if one.rounds]
        left_out = ["\n".join(["Left out, because this machine is slow:", *self.left_out])] if self.left_out else []
        return "\n\n".join([*parts, as_text(GOAL_HEADER, goal_rows(self.verdicts)), *left_out])

    def as_html(self) -> str:
        facts = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in self.machine.items())
        classes = ["" if verdict.is_met else "missed" for verdict in self.verdicts]
        body = [
            f"<h1>{TITLE}</h1><p>Contenders take turns in each of several rounds of one run. Each figure has the median of the rounds, ",
            f"the lowest and the highest. A ratio compares two turns of one round. The run took {self.seconds:.0f} s.</p>",
            f"<p class='failure'>{escape(self.failure)}</p>" if self.failure else "",
            f"<p>Left out, because this machine is slow: {escape('; '.join(self.left_out))}.</p>" if self.left_out else "",
            f"<table>{facts}</table><h2>Goals</h2>{html_table(GOAL_HEADER, goal_rows(self.verdicts), classes)}",
            *(_section(one) for one in self.series if not one.name.startswith(RATE)),
            self._latencies(),
        ]
        head = f'<meta charset="utf-8"><title>{TITLE}</title><style>{STYLE}</style>'
        return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'

    def _latencies(self) -> str:
        """Draw latency over rate, a curve for each contender."""
        rates = {int(one.name.removeprefix(RATE)): one for one in self.series if one.name.startswith(RATE)}
        if not rates:
            return ""
        drawn = [_curves_of(rates, figure) for figure in ("p50_ms", "p99_ms")]
        tables = "".join(f"<h3>{escape(one.title)}</h3>{_figures(one)}" for one in rates.values())
        return f"<h2>Ask, cache off, open loop: latency over rate</h2>{''.join(drawn)}{tables}"


def _section(series: Series) -> str:
    figure = next((name for name in DRAWN if name in figure_names(series)), None)
    plot = f"<p>{figure}</p>{bars(series, figure)}" if figure else ""
    return f"<h2>{escape(series.title)}</h2>{plot}{_figures(series)}"


def _figures(series: Series) -> str:
    return html_table(("", *figure_names(series)), series_rows(series))


def _curves_of(rates: Mapping[int, Series], figure: str) -> str:
    names = dict.fromkeys(name for one in rates.values() for name in one.rounds)
    spreads = {name: [(rate, one.spread(name, figure)) for rate, one in rates.items()] for name in names}
    lines = {name: [(float(rate), spread.median) for rate, spread in line if spread] for name, line in spreads.items()}
    return curves(lines, "requests per second", figure)


def html_table(header: Sequence[str], rows: Rows, classes: Sequence[str] | None = None) -> str:
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = [
        f'<tr class="{name}">' + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row, name in zip(rows, classes or [""] * len(rows), strict=True)
    ]
    return f"<table><tr>{heads}</tr>{''.join(body)}</table>"
