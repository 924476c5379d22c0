"""The form of a file of rows: its delimiter, quotes and encoding, and which column holds which field. Knows no meaning of a field."""

from __future__ import annotations

import codecs
import csv
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from ml_service.adapters.datasets.file_kinds import other_kind
from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

#: The delimiters that are tried, by the name that a person gives and reads.
DELIMITERS = {",": ",", ";": ";", "tab": "\t", "::": "::"}
#: csv.reader takes one character only, so a longer delimiter is replaced by the ASCII control character for this purpose.
UNIT_SEPARATOR = "\x1f"
QUOTES = ("double", "backslash", "none")
SAMPLE_ROWS = 20  # by which the delimiter is detected
IGNORED = "-"


@dataclass(frozen=True, slots=True)
class FileForm:
    """How to read a file. None: detect the delimiter; quotes by the delimiter: `double` for , and ; but `none` for tab and ::.

    Quotes: a cell in "…" may hold delimiters and line ends. A quote in it is written "" (`double`) or \\" (`backslash`).
    """

    delimiter: str | None = None
    quotes: str | None = None
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        """Raise InvalidArgument (REQUEST_INVALID) for values that no file can have."""
        if self.delimiter not in (None, *DELIMITERS):
            raise InvalidArgument("REQUEST_INVALID", f"--delimiter is {self.delimiter!r}; use one of {' '.join(DELIMITERS)}.")
        if self.quotes not in (None, *QUOTES):
            raise InvalidArgument("REQUEST_INVALID", f"--quotes is {self.quotes!r}; use one of {' '.join(QUOTES)}.")
        if not _is_line_based(self.encoding):
            detail = f"--encoding is {self.encoding!r}; use an encoding that extends ASCII, such as utf-8, latin-1 or cp1252."
            raise InvalidArgument("REQUEST_INVALID", detail)


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields that a file must and may have, and which columns hold them.

    `names`: the column's name by field; a field that isn't in it is looked up by its own name. `order`: the fields of a file without a
    header line, IGNORED for a column that is none.
    """

    #: The option by which a person chooses the columns.
    option: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    names: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        return self.required + self.optional

    def column_of(self, field: str) -> str:
        """Return the name of the column that holds the field, or would."""
        return dict(self.names).get(field, field)

    def field_of(self, column: str) -> str | None:
        """Return the field that the column holds, if any."""
        by_column = {name: field for field, name in self.names}
        is_own_name = column in self.fields and column not in dict(self.names)
        return by_column.get(column, column if is_own_name else None)

    @property
    def hint(self) -> str:
        """Say how to choose the columns."""
        names = ",".join(f"{field}=NAME" for field in self.required)
        return (
            f"Choose the columns by {self.option} {names}; others are then ignored. For a file without a header line"
            f" give the fields of all its columns in order, - for none: {self.option} {','.join(self.required)},-"
        )

    def chosen(self, text: str) -> Columns:
        """Return the columns with the choice of a person: `field=column,…`, or `field,field,-,…` for a file without a header line."""
        parts = [part.strip() for part in text.split(",")]
        names = tuple((field.strip(), column.strip()) for field, equals, column in (part.partition("=") for part in parts) if equals)
        order = tuple(part for part in parts if "=" not in part)
        fields = [field for field, _ in names] + [field for field in order if field != IGNORED]
        is_complete = not order or set(self.required) <= set(order)
        if not is_complete or (names and order) or len(set(fields)) < len(fields) or not set(fields) <= set(self.fields):
            fields_named = f"The fields are {', '.join(self.fields)}, each at most once."
            raise InvalidArgument("REQUEST_INVALID", f"{self.option} is {text!r}. {fields_named} {self.hint}")
        return replace(self, names=names, order=order)


class Unreadable(Exception):
    """The file can't be read from this line on, or at all (0). The message says why, and the hint what a person may do."""

    def __init__(self, line: int, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.line = line
        self.hint = hint


def read_cells(path: Path, form: FileForm) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row that isn't blank, with its first line. Raises Unreadable."""
    line = 1
    try:
        with path.open("rb") as binary:
            reader = _reader(_decoded(binary, form.encoding), form)
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
    except OSError as error:
        raise Unreadable(0, f"can't be read: {error.strerror}", f"Check that {path.absolute()} is a file that you may read.") from None
    except UnicodeDecodeError as error:
        problem = f"isn't {form.encoding.upper()}: byte {error.start + 1} of the line is {error.object[error.start]:#04x}"
        raise Unreadable(line, problem, "Name another encoding by --encoding, such as latin-1, or cp1252 for files from Windows.") from None
    except csv.Error as error:
        raise Unreadable(line, *_csv_problem(str(error))) from None


def _csv_problem(error: str) -> tuple[str, str]:
    """Return the problem without the words of Python's csv module, and a hint."""
    if error.startswith("new-line character"):
        return "lines end in CR alone", "Save the file with line ends LF or CR LF."
    hint = 'Close each quote. If a quote in a cell is written \\" or marks nothing, say --quotes backslash or --quotes none.'
    if error.startswith("field larger"):
        return f"a cell is longer than {csv.field_size_limit()} characters", hint
    open_quote = "a quote isn't closed: the cell that it begins goes on to the file's end"
    return open_quote if error == "unexpected end of data" else f"isn't CSV: {error}", hint


def with_delimiter(path: Path, form: FileForm, columns: Columns) -> FileForm:
    """Return the form with its delimiter. Raises Unreadable if several are possible.

    The delimiter whose header line names the required columns is certain. Otherwise the rows must have equal numbers of cells.
    csv.Sniffer isn't used: in Python before 3.16 it takes any frequent character, such as one beside a quote (python/cpython#97611).
    """
    if form.delimiter:
        return form
    samples = {name: sample for name in DELIMITERS if (sample := _sample(path, replace(form, delimiter=name)))}
    needed = {columns.column_of(field) for field in columns.required}
    possible = [name for name, rows in samples.items() if not columns.order and needed <= {cell.strip() for cell in rows[0]}]
    possible = possible or [name for name, rows in samples.items() if _is_regular(rows, columns.order)]
    if len(possible) > 1:
        raise Unreadable(1, f"the delimiter may be {' or '.join(possible)}", "Name the delimiter by --delimiter.")
    return replace(form, delimiter=possible[0] if possible else ",")


def _sample(path: Path, form: FileForm) -> list[list[str]]:
    """Return the first rows, up to the first one that can't be read."""
    rows: list[list[str]] = []
    with suppress(Unreadable):
        rows.extend(cells for _, cells in islice(read_cells(path, form), SAMPLE_ROWS))
    return rows


def _is_regular(rows: Sequence[Sequence[str]], order: Collection[str]) -> bool:
    lengths = {len(cells) for cells in rows}
    return lengths == {len(order)} if order else len(lengths) == 1 and lengths != {1}


def _reader(lines: Iterator[str], form: FileForm) -> Reader:
    delimiter = DELIMITERS[form.delimiter or ","]
    quotes = form.quotes or ("double" if delimiter in ",;" else "none")
    if len(delimiter) > 1:
        lines = (line.replace(delimiter, UNIT_SEPARATOR) for line in lines)
    return csv.reader(
        lines,
        delimiter=delimiter if len(delimiter) == 1 else UNIT_SEPARATOR,
        quoting=csv.QUOTE_NONE if quotes == "none" else csv.QUOTE_MINIMAL,
        doublequote=quotes == "double",
        escapechar="\\" if quotes == "backslash" else None,
        strict=True,
    )


def _decoded(binary: BinaryIO, encoding: str) -> Iterator[str]:
    """Decode line by line, so that the problem of a wrong byte can name the line."""
    first = next(binary, b"")
    if kind := other_kind(first):
        raise Unreadable(0, *kind)
    yield first.decode("utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)
    for line in binary:
        yield line.decode(encoding)


def _is_line_based(encoding: str) -> bool:
    with suppress(LookupError, UnicodeError):
        return 'a,;:\t"\n'.encode(encoding) == b'a,;:\t"\n'
    return False
