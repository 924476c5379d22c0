"""Make the last whole run the reference run: `python -m benchmarks.lab.reference`, after `make lab`.

Copies its figures and its picture into the repository, and renews the table of docs/explanation/why-both.md.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.lab.ledger import NOT_MEASURABLE, read_claims
from benchmarks.tables import number
from harness.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

LAST_RUN = ROOT / ".run" / "lab"
REFERENCE = Path(__file__).with_name("reference.json")
PAGE = ROOT / "docs" / "explanation" / "why-both.md"
PICTURE = PAGE.with_name("break-even.svg")
START, END = "<!-- The table of the reference run: benchmarks/lab/reference.py writes it. -->\n", "<!-- Its end. -->\n"
HEADER = "| claim | figure | measured | verdict |\n| --- | --- | --- | --- |\n"


def main() -> None:
    run = json.loads((LAST_RUN / "report.json").read_text("utf-8"))
    missing = {claim.id for claim in read_claims()} - {claim["id"] for claim in run["claims"]}
    if run["failure"] or missing:
        sys.exit(f"{LAST_RUN}/report.json is no whole run: run `make lab` to its end first.")
    shutil.copyfile(LAST_RUN / "report.json", REFERENCE)
    shutil.copyfile(LAST_RUN / "break-even.svg", PICTURE)
    before, _, rest = PAGE.read_text("utf-8").partition(START)
    PAGE.write_text(before + START + table(run["claims"]) + END + rest.partition(END)[2], "utf-8")


def table(claims: Sequence[dict[str, Any]]) -> str:
    """Return the claims as a table, those that the run contradicts first."""
    order = ["does not hold", "depends", "holds", NOT_MEASURABLE]
    ranked = sorted(claims, key=lambda claim: next(place for place, start in enumerate(order) if claim["verdict"].startswith(start)))
    return HEADER + "".join(map(_row, ranked))


def _row(claim: dict[str, Any]) -> str:
    measured = "" if claim["value"] is None else f"{number(claim['value'])} ({number(claim['low'])} to {number(claim['high'])})"
    quotation = claim["quotation"].replace("|", "/")
    return f"| “{quotation}” | {claim['figure']} | {measured} | {claim['verdict']} |\n"


if __name__ == "__main__":
    main()
