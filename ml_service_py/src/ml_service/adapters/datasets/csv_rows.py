"""Reads the rows of a file as named fields, and collects problems with their file, line and column. Knows no meaning of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ml_service.adapters.datasets.file_form import IGNORED, Unreadable, read_cells, with_delimiter
from ml_service.adapters.datasets.problems import FileProblems
from ml_service.domain import ID_RULE, is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ml_service.adapters.datasets.file_form import Columns, FileForm

T = TypeVar("T")


class UnusableCell(Exception):
    """A cell that can't be used. The message says why, and the hint what a person may do."""

    def __init__(self, column: str, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.column = column
        self.hint = hint


@dataclass(slots=True)
class Row:
    """A row by its first line in the file, its cells, and the place of each field among them."""

    line: int
    cells: list[str]
    places: dict[str, int]

    def text(self, field: str) -> str:
        """Return a cell that must not be empty. Raises UnusableCell."""
        cell = self.cells[self.places[field]]
        if not cell.strip():
            raise UnusableCell(field, "is empty")
        if "\0" in cell:
            raise UnusableCell(field, "holds a NUL character")
        return cell

    def id(self, field: str) -> str:
        """Return a cell that must be an id. Raises UnusableCell."""
        text = self.text(field)
        if not is_id(text):
            raise UnusableCell(field, f"can't be an id: {ID_RULE}")
        return text

    def optional(self, field: str, convert: Callable[[str], T], expected: str, hint: str = "") -> T | None:
        """Return the converted cell, None if it is empty or the file has no such column. Raises UnusableCell, which names `expected`."""
        place = self.places.get(field)
        cell = "" if place is None else self.cells[place].strip()
        try:
            return convert(cell) if cell else None
        except (ValueError, OverflowError, OSError):
            raise UnusableCell(field, f"is {cell!r}, not {expected}", hint) from None


class Table:
    """A file of rows, of which certain columns hold fields."""

    def __init__(self, path: Path, form: FileForm, columns: Columns) -> None:
        self.problems = FileProblems(path.name)
        #: The columns of the header line that hold no field.
        self.ignored: list[str] = []
        self._path = path
        self._form = form
        self._columns = columns

    def parse(self, parse: Callable[[Row], T | None]) -> Iterator[T]:
        """Yield the results of `parse` that aren't None. A row for which it raises UnusableCell becomes a problem."""
        for row in self._read():
            try:
                parsed = parse(row)
            except UnusableCell as error:
                self.problems.add(row.line, self._columns.column_of(error.column), str(error), error.hint)
                continue
            if parsed is not None:
                self.problems.used += 1
                yield parsed

    def _read(self) -> Iterator[Row]:
        try:
            form = with_delimiter(self._path, self._form, self._columns)
            rows = read_cells(self._path, form)
            header = list(self._columns.order) or [name.strip() for name in next(rows, (1, []))[1]]
            places = self._places(header, form)
            if not self.problems.is_broken:
                yield from self._rows(rows, header, places)
        except Unreadable as error:
            self.problems.add(error.line, "", str(error), error.hint)
            self.problems.is_broken = True

    def _places(self, header: list[str], form: FileForm) -> dict[str, int]:
        """Return the place of each field. Add the problems of the header line."""
        columns = self._columns
        if columns.order:
            return {field: place for place, field in enumerate(header) if field != IGNORED}
        for column, problem, hint in header_problems(header, columns, form):
            self.problems.add(1, column, problem, hint)
            self.problems.is_broken = True
        self.ignored = [name for name in header if columns.field_of(name) is None]
        return {field: place for place, name in enumerate(header) if (field := columns.field_of(name))}

    def _rows(self, rows: Iterator[tuple[int, list[str]]], header: list[str], places: dict[str, int]) -> Iterator[Row]:
        """Yield the rows. If a row's number of cells differs from the header's, add a problem instead."""
        width = len(header)
        for line, cells in rows:
            if len(cells) == width:
                yield Row(line, cells, places)
            elif len(cells) > width:
                self.problems.add(line, str(width + 1), f"is beyond the {width} columns")
            else:
                self.problems.add(line, header[len(cells)], f"is missing: the row has {len(cells)} of {width} cells")


def header_problems(header: list[str], columns: Columns, form: FileForm) -> list[tuple[str, str, str]]:
    """Return the column, the problem and a hint for each problem of a header line."""
    known = ", ".join(columns.fields)
    found = f", which has {', '.join(header)} (delimiter {form.delimiter})" if header else ""
    needed = [columns.column_of(field) for field in columns.fields if field in columns.required or columns.column_of(field) != field]
    repeated = {name for place, name in enumerate(header) if name in header[:place] and columns.field_of(name)}
    unknown = [] if columns.names else [(name or str(place + 1)) for place, name in enumerate(header) if not columns.field_of(name)]
    missing = [(name, f"is missing in the header{found}", columns.hint) for name in needed if name not in header]
    # With a column missing, the unknown ones are probably its other names.
    others = [] if missing else [(name, f"is unknown; the columns are {known}", columns.hint) for name in unknown]
    return [*missing, *others, *((name, "comes twice in the header", "") for name in sorted(repeated))]
