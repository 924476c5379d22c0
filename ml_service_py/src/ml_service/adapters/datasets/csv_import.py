"""Reads a user's own data from two files, interactions and items: both completely, or none."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from ml_service.adapters.datasets.csv_cells import YEAR_MAX, Scale, TimeColumn, read_genres, read_plays, read_year
from ml_service.adapters.datasets.csv_rows import Table, UnusableCell
from ml_service.adapters.datasets.file_form import Columns, FileForm
from ml_service.adapters.datasets.problems import raise_if_any
from ml_service.adapters.sql.imported_rows import imported_id
from ml_service.domain import Dataset, Interaction, Item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml_service.adapters.datasets.csv_rows import Row

ITEM_COLUMNS = Columns("--item-columns", ("item_id", "title"), ("year", "genres"))
INTERACTION_COLUMNS = Columns("--columns", ("user_id", "item_id"), ("rating", "timestamp", "plays"))
RATING_HINT = (
    "Write decimals with a point, such as 4.5. If the ratings have another scale, say it, as --scale 1-10."
    " If 0 means used and not rated, say --implicit-zeros."
)
NO_INTERACTIONS_HINT = "Name a file with a row for each interaction, and leave out fewer plays by --plays-min."
NO_ITEMS_HINT = "Name a file with a row for each item."
ZERO = re.compile(r"0+(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read the two files. `plays_min`: rows with fewer plays are left out."""

    form: FileForm = field(default_factory=FileForm)
    interaction_columns: Columns = INTERACTION_COLUMNS
    item_columns: Columns = ITEM_COLUMNS
    scale: Scale = field(default_factory=Scale)
    has_implicit_zeros: bool = False
    plays_min: int = 1
    is_skipping: bool = False


def read_csv(interactions_path: Path, items_path: Path, options: ReadOptions | None = None) -> Dataset:
    """Return the items, and the interactions as an iterator over their file.

    The iterator ends with InvalidArgument (IMPORT_INVALID) if the files have problems, and lists those of both with file, line and column.
    """
    options = options or ReadOptions()
    items_table = Table(items_path, options.form, options.item_columns)
    table = Table(interactions_path, options.form, options.interaction_columns)
    item_parser = ItemParser()
    items = tuple(items_table.parse(item_parser.parse))
    if not items:
        _note_empty(items_table, "has no items", NO_ITEMS_HINT)
    # Without skipping, an item with a problem is known, so that its interactions aren't reported too.
    known_items = {item.item_id for item in items} if options.is_skipping else item_parser.ids
    parser = InteractionParser(options, None if items_table.problems.is_broken else known_items)
    notes: list[str] = []

    def interactions() -> Iterator[Interaction]:
        is_empty = True
        for interaction in table.parse(parser.parse):
            is_empty = False
            yield interaction
        if is_empty:
            _note_empty(table, "has no interactions to import", NO_INTERACTIONS_HINT)
        raise_if_any([items_table.problems, table.problems], is_skipping=options.is_skipping)
        notes.extend([*_notes(items_table), *_notes(table), *parser.notes()])

    return Dataset(items, interactions(), notes)


def _note_empty(table: Table, problem: str, hint: str) -> None:
    """Add the problem of a file that gave nothing, unless problems of its rows say why."""
    if not table.problems.count:
        table.problems.add(0, "", problem, hint)
        table.problems.is_broken = True


def _notes(table: Table) -> Iterator[str]:
    """Yield what was left out of the file, a sentence each."""
    problems = table.problems
    if table.ignored:
        yield f"{problems.name}: ignored the columns {', '.join(table.ignored)}."
    if problems.count:
        yield "\n".join([f"{problems.name}: left out {problems.count} rows that can't be used:", *problems.lines()])


class ItemParser:
    """Makes an item of each row. `ids` has the ids that were read, also those of rows with another problem."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def parse(self, row: Row) -> Item:
        item_id = row.id("item_id")
        if item_id in self.ids:
            raise UnusableCell("item_id", f"is {item_id!r}, which an earlier row has")
        self.ids.add(item_id)
        genres = row.optional("genres", read_genres, "text without NUL characters")
        year = row.optional("year", read_year, f"a whole number up to {YEAR_MAX}")
        return Item(item_id, row.text("title"), year, genres or ())


class InteractionParser:
    """Makes an interaction of each row. `known_items`: None if the items' file couldn't be read to its end."""

    def __init__(self, options: ReadOptions, known_items: set[str] | None) -> None:
        self._options = options
        self._known_items = known_items
        self._times = TimeColumn("timestamp")
        self._expected_rating = f"a number from {options.scale.lowest:g} to {options.scale.highest:g}"
        # Cached, as a file has few different ratings.
        self._read_rating = lru_cache(1000)(self._read_rating_uncached)
        self._with_few_plays = 0

    def parse(self, row: Row) -> Interaction | None:
        user_id, item_id = row.id("user_id"), self._item_id(row)
        rating = row.optional("rating", self._read_rating, self._expected_rating, RATING_HINT)
        occurred_at = row.optional("timestamp", self._times.read, self._times.expected)
        plays = row.optional("plays", read_plays, "a whole number")
        if plays is not None and plays < self._options.plays_min:
            self._with_few_plays += 1
            return None
        interaction_id = imported_id(user_id, item_id, occurred_at) if occurred_at else _id_by_line(row.line, user_id, item_id, rating)
        return Interaction(interaction_id, user_id, item_id, rating, occurred_at)

    def notes(self) -> list[str]:
        few = self._with_few_plays
        return [f"{few} rows with fewer than {self._options.plays_min} plays were left out."] if few else []

    def _item_id(self, row: Row) -> str:
        if self._known_items is None:
            return row.id("item_id")
        item_id = row.text("item_id")
        if item_id not in self._known_items:
            raise UnusableCell("item_id", f"is {item_id!r}, which the items' file doesn't have")
        return item_id

    def _read_rating_uncached(self, cell: str) -> float | None:
        if self._options.has_implicit_zeros and ZERO.fullmatch(cell):
            return None
        return self._options.scale.read(cell)


def _id_by_line(line: int, user_id: str, item_id: str, rating: float | None) -> str:
    """Return the id of a row without a time. It depends on the line: a user may give the same rating twice, with another one between."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"csv\n{line}\n{user_id}\n{item_id}\n{rating}\nNone"))
