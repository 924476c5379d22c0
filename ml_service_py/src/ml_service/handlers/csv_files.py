"""The CSV files of jobs. Text is written so that no spreadsheet runs it as a formula."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MEDIA_TYPE = "text/csv; charset=utf-8"
#: The beginning of a cell that a spreadsheet runs as a formula; in some languages full-width signs count too.
#: The pattern includes apostrophes, so that a reader can undo the encoding: remove one apostrophe from each cell that matches.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001  # the full-width signs are meant


def as_csv(rows: Iterable[Sequence[str | float]]) -> str:
    """Return the rows as CSV. A text that looks like a formula gets an apostrophe before it; a float has 6 decimals."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, str) and FORMULA.match(value):
        return f"'{value}"
    return str(value)
