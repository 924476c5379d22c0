"""Reads a user's own data from two CSV files, interactions and items: both completely, or none."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING

from ml_service.adapters.datasets.csv_cells import YEAR_MAX, TimeColumn, read_genres, read_rating, read_year
from ml_service.adapters.datasets.csv_rows import Columns, Problems, Row, UnusableCell, parse_rows
from ml_service.adapters.sql.imported_rows import imported_id
from ml_service.domain import RATING_MAX, RATING_MIN, Dataset, Interaction, Item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ITEM_COLUMNS = Columns(("item_id", "title"), ("year", "genres"))
INTERACTION_COLUMNS = Columns(("user_id", "item_id"), ("rating", "timestamp"))


def read_csv(interactions_path: Path, items_path: Path) -> Dataset:
    """Return the items, and the interactions as an iterator over their file.

    The iterator ends with InvalidArgument (IMPORT_INVALID) if either file has problems, and lists them with file, line and column.
    """
    problems = Problems()
    item_ids: set[str] = set()
    items = tuple(parse_rows(items_path, ITEM_COLUMNS, partial(_item, item_ids=item_ids), problems))
    parse = partial(_interaction, item_ids=item_ids, times=TimeColumn("timestamp"))
    return Dataset(items, _until_problems(parse_rows(interactions_path, INTERACTION_COLUMNS, parse, problems), problems))


def _until_problems(interactions: Iterator[Interaction], problems: Problems) -> Iterator[Interaction]:
    yield from interactions
    problems.raise_if_any()


def _item(row: Row, item_ids: set[str]) -> Item:
    item_id = row.id("item_id")
    if item_id in item_ids:
        raise UnusableCell("item_id", f"is {item_id!r}, which an earlier row has")
    item_ids.add(item_id)
    genres = row.optional("genres", read_genres, "text without NUL characters")
    return Item(item_id, row.text("title"), row.optional("year", read_year, f"a whole number from 1 to {YEAR_MAX}"), genres or ())


def _interaction(row: Row, item_ids: set[str], times: TimeColumn) -> Interaction:
    user_id, item_id = row.id("user_id"), row.id("item_id")
    if item_id not in item_ids:
        raise UnusableCell("item_id", f"is {item_id!r}, which the items' file doesn't have")
    rating = row.optional("rating", read_rating, f"a number from {RATING_MIN:g} to {RATING_MAX:g}")
    occurred_at = row.optional("timestamp", times.read, times.expected)
    interaction_id = imported_id(user_id, item_id, occurred_at) if occurred_at else _id_by_line(row.line, user_id, item_id, rating)
    return Interaction(interaction_id, user_id, item_id, rating, occurred_at)


def _id_by_line(line: int, user_id: str, item_id: str, rating: float | None) -> str:
    """Return the id of a row without a time. It depends on the line: a user may give the same rating twice, with another one between."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"csv\n{line}\n{user_id}\n{item_id}\n{rating}\nNone"))
