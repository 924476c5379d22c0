"""Says what a person's files look like, which columns an import would use, and which options to try. Writes nothing."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from ml_service.adapters.datasets.csv_import import read_csv
from ml_service.adapters.datasets.file_form import IGNORED, Unreadable, read_cells, with_delimiter
from ml_service.adapters.datasets.problems import place_of
from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ml_service.adapters.datasets.csv_import import ReadOptions
    from ml_service.adapters.datasets.file_form import Columns, FileForm

#: Rows of which the values are shown, and how much of each value.
ROWS_SHOWN, CHARACTERS_SHOWN = 3, 30
#: Usual names of columns for each field, in small letters and digits.
USUAL_NAMES = {
    "user_id": ("userid", "user", "reviewerid"),
    "item_id": ("itemid", "item", "movieid", "bookid", "artistid", "productid", "trackid", "isbn", "asin", "id"),
    "rating": ("rating", "bookrating", "stars", "score"),
    "timestamp": ("timestamp", "time", "datetime"),
    "plays": ("plays", "playcount", "count", "weight"),
    "title": ("title", "booktitle", "movietitle", "name"),
    "year": ("year", "yearofpublication", "originalpublicationyear"),
    "genres": ("genres", "genre"),
}


def describe(interactions: Path, items: Path | None, options: ReadOptions) -> Iterator[str]:
    """Yield lines about both files, or about one of either kind. Raises InvalidArgument (IMPORT_INVALID) if an import would fail."""
    if items is None:
        yield from _describe_only(interactions, options)
        return
    for path, columns in ((interactions, options.interaction_columns), (items, options.item_columns)):
        # The import below reports a file that can't be read.
        with suppress(Unreadable):
            yield from _describe_file(path, options.form, columns)
    data = read_csv(interactions, items, options)
    count = sum(1 for _ in data.interactions)
    yield f"An import would read {len(data.items)} items and {count} interactions."
    yield from data.notes


def _describe_only(path: Path, options: ReadOptions) -> Iterator[str]:
    kind = options.interaction_columns if _has_users(path, options) else options.item_columns
    try:
        yield from _describe_file(path, options.form, kind)
    except Unreadable as error:
        raise InvalidArgument("IMPORT_INVALID", f"{place_of(path.name, error.line)}: {error}\n\n{error.hint}") from None


def _describe_file(path: Path, form: FileForm, columns: Columns) -> Iterator[str]:
    """Yield lines about a file. Raises Unreadable before the first one."""
    form = with_delimiter(path, form, columns)
    rows = [cells for _, cells in islice(read_cells(path, form), ROWS_SHOWN + 1)]
    header = [f"column {place}" for place in range(1, len(columns.order) + 1)] or [name.strip() for name in rows.pop(0)] if rows else []
    fields = list(columns.order) or [columns.field_of(name) or IGNORED for name in header]
    yield f"{path.name}: delimiter {form.delimiter}, encoding {form.encoding}, {len(header)} columns"
    # Other columns are ignored only if the person chose the columns.
    unused = "ignored" if columns.names or columns.order else "unknown"
    width = max(map(len, header), default=0)
    for place, (name, field) in enumerate(zip(header, fields, strict=False)):
        values = " · ".join(_printable(cells[place]) for cells in rows[:ROWS_SHOWN] if place < len(cells))
        yield f"  {name:{width}}  {unused if field == IGNORED else field:9}  {values}"
    if missing := [field for field in columns.required if field not in fields]:
        yield f"  No column is {' or '.join(missing)}. {_advice(header, columns)}"
    elif unused == "unknown" and IGNORED in fields:
        yield f"  An import rejects unknown columns. {_advice(header, columns)}"


def _printable(cell: str) -> str:
    """Return the cell's first characters. A control character would change the terminal, or the line."""
    return "".join(character if character.isprintable() else "�" for character in cell[:CHARACTERS_SHOWN])


def _advice(header: Sequence[str], columns: Columns) -> str:
    found = {field: name for field in columns.fields if (name := _usual(header, field))}
    if not set(columns.required) <= set(found):
        return columns.hint
    return f"Try {columns.option} {','.join(f'{field}={name}' for field, name in found.items())}"


def _usual(header: Sequence[str], field: str) -> str | None:
    by_usual_name = {"".join(filter(str.isalnum, name)).casefold(): name for name in header}
    return next((by_usual_name[name] for name in USUAL_NAMES[field] if name in by_usual_name), None)


def _has_users(path: Path, options: ReadOptions) -> bool:
    """Return whether a file looks like one of interactions: the person chose its columns, or the header line names users."""
    columns = options.interaction_columns
    if columns.names or columns.order:
        return True
    try:
        header = next(read_cells(path, with_delimiter(path, options.form, columns)), (1, []))[1]
    except Unreadable:
        return True
    return _usual(header, "user_id") is not None
