"""The times of one CSV column: seconds or milliseconds since 1970, or RFC 3339. A number in another unit is refused, never guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ml_service.adapters.datasets.csv_rows import UnusableCell

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Older times are usually numbers in another unit: 20200505, read as seconds, is a day in August 1970.
YEAR_MIN = 1990
#: The ten digits only: Python takes other languages' digits, underscores and exponents as well.
NUMBER = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,6})[0-9]*)?")
RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
#: From 1990 on, seconds have 9 or 10 digits and milliseconds 12 or 13, so the digits tell the unit.
UNITS = {9: "seconds", 10: "seconds", 12: "milliseconds", 13: "milliseconds"}


class TimeColumn:
    """Reads the cells of one column in order, and holds all numbers to the unit of the first."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._unit: str | None = None
        self._first = ""
        self._year_max = datetime.now(UTC).year + 1
        self.expected = (
            f"a time from {YEAR_MIN} to {self._year_max} as seconds since 1970, as milliseconds (then in all rows),"
            " or as RFC 3339 with its zone, such as 2026-03-01T18:00:00Z"
        )

    def read(self, cell: str) -> datetime:
        """Return the time of a cell. Raises ValueError for any other text, and UnusableCell for a number in another unit."""
        number = NUMBER.fullmatch(cell)
        moment = self._read_number(cell, number) if number else _read_rfc_3339(cell)
        if not YEAR_MIN <= moment.year <= self._year_max:
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
        # In whole microseconds: floating point would round the same time differently in the two units.
        microseconds = int(whole + fraction) // (1 if unit == "seconds" else 1000)
        return EPOCH + timedelta(microseconds=microseconds)


def _read_rfc_3339(cell: str) -> datetime:
    if not RFC_3339.fullmatch(cell):
        raise ValueError
    return datetime.fromisoformat(cell.upper()).astimezone(UTC)
