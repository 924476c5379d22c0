"""Reads CSV files as rows of named cells, and collects problems with their file, line and column. Knows no meaning of a column."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ml_service.domain import ID_RULE, is_id
from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

T = TypeVar("T")

PROBLEMS_MAX = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of a file's columns. A file with any other column is rejected."""

    required: tuple[str, ...]
    optional: tuple[str, ...]


class UnusableCell(Exception):
    """A cell that can't be used. The message says why."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(problem)
        self.column = column


class Problems:
    """The problems found so far, one line of text each. Adding the twentieth raises, so that a wrong file gives no endless list."""

    def __init__(self) -> None:
        self._rows: list[str] = []

    def add(self, path: Path, line: int, column: str, problem: str) -> None:
        """Add a problem. `column` may be empty. Raises InvalidArgument (IMPORT_INVALID) if there are PROBLEMS_MAX now."""
        place = f"{path.name}, line {line}" + (f", column {column}" if column else "")
        self._rows.append(f"{place}: {problem}")
        if len(self._rows) >= PROBLEMS_MAX:
            self.raise_if_any()

    def raise_if_any(self) -> None:
        """Raise InvalidArgument (IMPORT_INVALID) with all problems, if there are any."""
        if self._rows:
            raise InvalidArgument("IMPORT_INVALID", "\n".join(self._rows))


@dataclass(slots=True)
class Row:
    """A row by its first line in the file, and its cells by column."""

    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """Return a cell that must not be empty. Raises UnusableCell."""
        cell = self.cells[column]
        if not cell.strip():
            raise UnusableCell(column, "is empty")
        if "\0" in cell:
            raise UnusableCell(column, "holds a NUL character")
        return cell

    def id(self, column: str) -> str:
        """Return a cell that must be an id. Raises UnusableCell."""
        text = self.text(column)
        if not is_id(text):
            raise UnusableCell(column, f"can't be an id: {ID_RULE}")
        return text

    def optional(self, column: str, convert: Callable[[str], T], expected: str) -> T | None:
        """Return the converted cell, None if it is empty or the file has no such column. Raises UnusableCell, which names `expected`."""
        cell = self.cells.get(column, "").strip()
        try:
            return convert(cell) if cell else None
        except (ValueError, OverflowError, OSError):
            raise UnusableCell(column, f"is {cell!r}, not {expected}") from None


def parse_rows(path: Path, columns: Columns, parse: Callable[[Row], T], problems: Problems) -> Iterator[T]:
    """Yield the result of `parse` for each row below the header. A row for which it raises UnusableCell becomes a problem."""
    for row in _read_rows(path, columns, problems):
        try:
            yield parse(row)
        except UnusableCell as error:
            problems.add(path, row.line, error.column, str(error))


def _read_rows(path: Path, columns: Columns, problems: Problems) -> Iterator[Row]:
    """Yield the rows. If the file can't be read further, add that problem and raise InvalidArgument (IMPORT_INVALID)."""
    line = 1
    try:
        with path.open("rb") as binary:
            reader = csv.reader(_decoded(binary), strict=True)
            header = _read_header(path, next(reader, []), columns, problems)
            line = reader.line_num + 1
            for cells in reader:
                yield from _row(path, line, header, cells, problems)
                line = reader.line_num + 1
        return
    except OSError as error:
        problems.add(path, line, "", f"can't be read: {error.strerror}")
    except UnicodeDecodeError as error:
        problems.add(path, line, "", f"isn't UTF-8: byte {error.start + 1} of the line is {error.object[error.start]:#04x}")
    except csv.Error as error:
        problems.add(path, line, "", f"isn't CSV: {error}")
    problems.raise_if_any()


def _decoded(binary: BinaryIO) -> Iterator[str]:
    """Decode line by line, so that the problem of a wrong byte can name the line."""
    for number, line in enumerate(binary):
        yield line.decode("utf-8" if number else "utf-8-sig")


def _read_header(path: Path, cells: list[str], columns: Columns, problems: Problems) -> list[str]:
    header = [name.strip() for name in cells]
    wrong = list(_header_problems(header, columns))
    for column, problem in wrong:
        problems.add(path, 1, column, problem)
    if wrong:
        problems.raise_if_any()
    return header


def _header_problems(header: list[str], columns: Columns) -> Iterator[tuple[str, str]]:
    known = columns.required + columns.optional
    for name in columns.required:
        if name not in header:
            yield name, "is missing in the header"
    for place, name in enumerate(header):
        if name not in known:
            yield name or str(place + 1), f"is unknown; the columns are {', '.join(known)}"
        elif name in header[:place]:
            yield name, "comes twice in the header"


def _row(path: Path, line: int, header: list[str], cells: list[str], problems: Problems) -> Iterator[Row]:
    """Yield the row unless it is blank. If its number of cells differs from the header's, add a problem instead."""
    if len(cells) == len(header):
        yield Row(line, dict(zip(header, cells, strict=True)))
    elif len(cells) > len(header):
        problems.add(path, line, str(len(header) + 1), f"is beyond the header's {len(header)} columns")
    elif cells:
        problems.add(path, line, header[len(cells)], f"is missing: the row has {len(cells)} of {len(header)} cells")
