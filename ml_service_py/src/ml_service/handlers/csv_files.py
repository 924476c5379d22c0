"""The CSV files that jobs leave: figures as numbers, texts so that no spreadsheet runs them as formulas."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MEDIA_TYPE = "text/csv; charset=utf-8"
#: How a cell begins that a spreadsheet runs as a formula; some languages count the full-width signs, too.
#: Apostrophes before it belong to the pattern, so that the encoding can be undone: remove one apostrophe from each cell that matches.
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
