"""Reads the text of one cell: a time, a rating, plays, a year or genres. Raises ValueError for any other text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ml_service.adapters.datasets.csv_rows import UnusableCell
from ml_service.domain import EPOCH, RATING_MAX, RATING_MIN
from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

YEAR_MAX = 9999
# Python's numbers would also accept underscores, exponents, "nan" and the digits of other scripts.
RATING = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
SCALE = re.compile(r"(-?[0-9]{1,6}(?:\.[0-9]+)?)-(-?[0-9]{1,6}(?:\.[0-9]+)?)")
PLAYS = re.compile(r"[0-9]{1,15}(?:\.0+)?")
YEAR = re.compile(r"-?[0-9]{1,4}(?:\.0+)?")
TIME = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,6})[0-9]*)?")
RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
#: Older times are usually numbers in another unit: 20200505, read as seconds, is a day in August 1970.
TIME_YEAR_MIN = 1990
#: From 1990 on, seconds have 9 or 10 digits and milliseconds 12 or 13, so the digits determine the unit.
UNITS = {9: "seconds", 10: "seconds", 12: "milliseconds", 13: "milliseconds"}
#: Labels for "no genre", in lower case. MovieLens uses "(no genres listed)" since 2013, and MovieLens 100K "unknown".
NO_GENRE = frozenset({"", "-", "--", "(no genres listed)", "(none)", "n/a", "na", "nan", "no genre", "none", "null", "unknown", "\\n"})


@dataclass(frozen=True, slots=True)
class Scale:
    """The lowest and the highest rating of a file. Ratings are mapped in proportion to the project's scale, RATING_MIN to RATING_MAX."""

    lowest: float = RATING_MIN
    highest: float = RATING_MAX

    @classmethod
    def parse(cls, text: str) -> Scale:
        """Raises InvalidArgument (REQUEST_INVALID)."""
        parts = SCALE.fullmatch(text)
        if not parts or not float(parts[1]) < float(parts[2]):
            raise InvalidArgument("REQUEST_INVALID", f"--scale is {text!r}; give the lowest and the highest rating, such as 1-10.")
        return cls(float(parts[1]), float(parts[2]))

    def read(self, cell: str) -> float:
        if not RATING.fullmatch(cell) or not self.lowest <= float(cell) <= self.highest:
            raise ValueError
        if self == Scale():
            return float(cell)
        return RATING_MIN + (float(cell) - self.lowest) * (RATING_MAX - RATING_MIN) / (self.highest - self.lowest)


def read_plays(cell: str) -> int:
    if not PLAYS.fullmatch(cell):
        raise ValueError
    return int(cell.partition(".")[0])


def read_year(cell: str) -> int | None:
    """Return the year; None for 0 and years before, by which files say that they know none. Other programs write 1999 as 1999.0."""
    if not YEAR.fullmatch(cell):
        raise ValueError
    year = int(cell.partition(".")[0])
    return year if year > 0 else None


def read_genres(cell: str) -> tuple[str, ...]:
    """Return the genres of a cell, separated by |."""
    if "\0" in cell:
        raise ValueError
    return genres_of(cell.split("|"))


def genres_of(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the labels that name a genre, stripped and without duplicates, in their order."""
    stripped = (label.strip() for label in labels)
    return tuple(dict.fromkeys(label for label in stripped if label.casefold() not in NO_GENRE))


class TimeColumn:
    """Reads the times of one column in order: RFC 3339, or seconds or milliseconds since 1970.

    The digits of the first number determine the unit of the column. A number in the other unit is rejected.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._unit: str | None = None
        self._first = ""
        self._year_max = datetime.now(UTC).year + 1
        self.expected = (
            f"a time from {TIME_YEAR_MIN} to {self._year_max} as seconds since 1970, as milliseconds (then in all rows),"
            " or as RFC 3339 with its zone, such as 2026-03-01T18:00:00Z"
        )

    def read(self, cell: str) -> datetime:
        """Return the time of a cell. Raises ValueError for any other text, and UnusableCell for a number in another unit."""
        number = TIME.fullmatch(cell)
        moment = self._read_number(cell, number) if number else _read_rfc_3339(cell)
        if not TIME_YEAR_MIN <= moment.year <= self._year_max:
            raise ValueError
        return moment

    def _read_number(self, cell: str, number: re.Match[str]) -> datetime:
        whole, fraction = number[1], (number[2] or "").ljust(6, "0")
        unit = UNITS.get(len(whole))
        if unit is None:
            raise ValueError
        if self._unit is None:
            self._unit, self._first = unit, cell
        if unit != self._unit:
            problem = f"is {cell!r}, {unit} by its {len(whole)} digits, but {self._first!r} in a row before is {self._unit}"
            raise UnusableCell(self._name, f"{problem}; use one unit in all rows, or RFC 3339")
        # In whole microseconds: floating-point numbers would round the same time differently in the two units.
        microseconds = int(whole + fraction) // (1 if unit == "seconds" else 1000)
        return EPOCH + timedelta(microseconds=microseconds)


def _read_rfc_3339(cell: str) -> datetime:
    if not RFC_3339.fullmatch(cell):
        raise ValueError
    return datetime.fromisoformat(cell.upper()).astimezone(UTC)
