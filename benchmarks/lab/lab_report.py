"""The lab's report: JSON for the decision tool, one self-contained HTML file, and a Markdown table."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from benchmarks.lab import break_even
from benchmarks.lab.floor import checks_of, generator_checks, noise_floor
from benchmarks.plots import bars
from benchmarks.report import STYLE, html_table
from benchmarks.tables import figure_names, number, series_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.figures import Series
    from benchmarks.lab.break_even import Surface
    from benchmarks.lab.floor import Check
    from benchmarks.lab.ledger import Verdict
    from benchmarks.tables import Rows

TITLE = "Why Not Both: the lab"
HEADER = ("claim", "quotation", "figure", "measured", "threshold", "verdict", "why", "repeat it")


@dataclass(frozen=True, slots=True)
class Experiment:
    """A measured experiment."""

    name: str
    seconds: float
    series: Sequence[Series]

    @property
    def floor(self) -> float:
        """Return the largest noise floor of the figures that the plots show."""
        return max((noise_floor(one, figure_names(one)[0]) for one in self.series), default=1.0)

    @property
    def notes(self) -> list[str]:
        return [note for one in self.series for note in one.notes]

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"series": one.name, "title": one.title, "contender": contender, "figures": _spreads(one, contender)}
            for one in self.series
            for contender in one.rounds
        ]


@dataclass(frozen=True, slots=True)
class LabReport:
    machine: Mapping[str, str]
    experiments: Sequence[Experiment]
    verdicts: Sequence[Verdict]
    seconds: float
    #: The error that ended the run early; empty if none did.
    failure: str = ""

    @property
    def surfaces(self) -> list[Surface]:
        series = {one.name: one.series for one in self.experiments}
        return break_even.surfaces(series.get("hop", []), series.get("offload", []))

    def save(self, folder: Path) -> Path:
        """Write report.json, report.html, report.md, and the break-even picture. Return the path of the HTML file."""
        folder.mkdir(parents=True, exist_ok=True)
        for kind, text in {"json": self.as_json(), "html": self.as_html(), "md": self.as_markdown()}.items():
            (folder / f"report.{kind}").write_text(text, "utf-8")
        if surfaces := self.surfaces:
            (folder / "break-even.svg").write_text(break_even.as_svg(surfaces), "utf-8")
        return folder / "report.html"

    def as_json(self) -> str:
        floors = {one.name: round(one.floor, 4) for one in self.experiments}
        content = {
            "machine": self.machine,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            "failure": self.failure,
            "noise_floor": {"ratio": max(floors.values(), default=1.0), **floors},
            "break_even": [break_even.sentence(surface) for surface in self.surfaces],
            "claims": [verdict.as_row() for verdict in self.verdicts],
            "experiments": [
                {"name": one.name, "seconds": round(one.seconds, 1), "rows": one.rows(), "notes": one.notes} for one in self.experiments
            ],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    def as_markdown(self) -> str:
        lines = [HEADER, ("---",) * len(HEADER), *map(_cells, self.verdicts)]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def as_html(self) -> str:
        facts: Rows = [*self.machine.items()]
        body = [
            f"<h1>{TITLE}</h1><p>Contenders take turns in each of several rounds of one run. A ratio compares two turns of one round. ",
            "Its interval is from the lowest round to the highest. ",
            "The noise floor is the largest ratio of a round between two runs of the same program; ",
            f"a smaller difference decides nothing. The run took {self.seconds:.0f} s.</p>",
            f"<p class='failure'>{escape(self.failure)}</p>" if self.failure else "",
            f"{html_table(('machine', ''), facts)}<h2>Claims</h2>{html_table(HEADER, [_cells(verdict) for verdict in self.verdicts])}",
            break_even.as_html(self.surfaces) if self.surfaces else "",
            *(_section(experiment) for experiment in self.experiments),
        ]
        head = f'<meta charset="utf-8"><title>{TITLE}</title><style>{STYLE} body {{ max-width: 90rem }}</style>'
        return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'


def _spreads(series: Series, contender: str) -> dict[str, Any]:
    spreads = {name: series.spread(contender, name) for name in figure_names(series)}
    return {name: asdict(spread) for name, spread in spreads.items() if spread}


def _cells(verdict: Verdict) -> tuple[str, ...]:
    row = verdict.as_row()
    measured = "" if row["value"] is None else f"{number(row['value'])} ({number(row['low'])} to {number(row['high'])})"
    wanted = f"{verdict.claim.holds_when} {number(row['threshold'])}"
    return row["id"], f"“{row['quotation']}”", row["figure"], measured, wanted, row["verdict"], row["why"], row["command"]


def _section(experiment: Experiment) -> str:
    parts = [f"<h2>Experiment {escape(experiment.name)} ({experiment.seconds:.0f} s)</h2>"]
    for one in experiment.series:
        names = figure_names(one)
        floors = ", ".join(f"{name} {number(noise_floor(one, name))}" for name in names)
        parts += [f"<h3>{escape(one.title)}</h3><p>{names[0]}</p>{bars(one, names[0])}", html_table(("", *names), series_rows(one))]
        notes = "".join(f"<li>{escape(note)}</li>" for note in one.notes)
        parts.append(f"<ul>{notes}</ul><p>Noise floor: {escape(floors)}</p>{_checks(one)}")
    return "".join(parts)


def _checks(series: Series) -> str:
    """List the checks that failed in a round."""
    checks: list[Check] = [check for name, turns in series.rounds.items() for figures in turns for check in checks_of(name, figures)]
    checks += generator_checks(series)
    failed = "".join(f"<li>{escape(str(check))}</li>" for check in checks if not check.is_passed)
    return f"<p>{len(checks)} checks; failed:</p><ul>{failed or '<li>none</li>'}</ul>" if checks else ""
