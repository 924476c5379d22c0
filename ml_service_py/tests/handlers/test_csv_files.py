"""The CSV files of jobs: no cell that somebody else chose is a formula, and figures are numbers."""

import csv
from pathlib import Path

import pytest

from ml_service.handlers.csv_files import as_csv

SOURCES = Path(__file__).resolve().parents[2] / "src" / "ml_service"


def written(cell: str | float) -> str:
    """The cell as a reader of the file gets it."""
    (row,) = csv.reader(as_csv([[cell]]).splitlines(keepends=True))
    return row[0]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''-1"])  # noqa: RUF001
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe_which_gives_it_back(text: str) -> None:
    assert written(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Alien", "8½", "'Til Death", "a=b", " =1", "1-2"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert written(text) == text


def test_numbers_are_written_as_numbers_also_negative_ones() -> None:
    assert [written(figure) for figure in (-0.25, 1.0, -3, 12)] == ["-0.250000", "1.000000", "-3", "12"]


def test_nothing_else_in_the_service_writes_csv() -> None:
    writers = [path.name for path in sorted(SOURCES.rglob("*.py")) if "csv.writer" in path.read_text("utf-8")]

    assert writers == ["csv_files.py"]
