"""Brings data into the store: all of it, or nothing. A store that has data changes only if the caller says how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.errors import InvalidArgument
from ml_service.ports.storage import ImportMode, ImportRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ml_service.domain import Dataset
    from ml_service.ports.storage import ImportedRows, RenamedItem, Store

#: How many renamed items a text names.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Imported:
    """How many items the data has, and what of it the store didn't have yet."""

    items: int
    written: ImportedRows


def import_dataset(store: Store, data: Dataset, mode: ImportMode = ImportMode.INTO_EMPTY) -> Imported:
    """Write the data. Raise InvalidArgument (IMPORT_INVALID) if the store has other data, and `mode` says neither to add nor to replace."""
    try:
        written = store.import_data(data.items, data.interactions, mode)
    except ImportRefused as refused:
        raise InvalidArgument("IMPORT_INVALID", _refusal(len(data.items), refused)) from None
    return Imported(len(data.items), written)


def import_into_empty(store: Store, fetch: Callable[[], Dataset]) -> Imported | None:
    """Fetch data and add it; return None, and fetch nothing, if the store has interactions already."""
    if store.count_interactions():
        return None
    return import_dataset(store, fetch())


def name_renamed(renamed: Sequence[RenamedItem]) -> str:
    """Return the first renamed items as text, and how many more there are."""
    named = ", ".join(f"{item.item_id} ({item.old_title!r} becomes {item.new_title!r})" for item in renamed[:NAMED])
    return f"{named} and {len(renamed) - NAMED} more" if len(renamed) > NAMED else named


def _refusal(items: int, refused: ImportRefused) -> str:
    present, new = refused.present, refused.would_write
    live = f"the live model version is {present.live_version}" if present.live_version else "no model version is live"
    lines = [
        "The store has data already, and this import would change it: nothing was imported.",
        f"The store has {present.items} items and {present.interactions} interactions; {live}.",
        (f"The files have {items} items ({new.items.new} new, {new.items.changed} changed) and {new.given} interactions ({new.new} new)."),
        *([f"Items with an equal id and another title: {name_renamed(new.items.renamed)}."] if new.items.renamed else []),
        "--add keeps what the store has and adds the files' data (make demo: IMPORT=--add).",
        (
            "--replace removes the store's items and interactions first, also those that users sent, and no model version stays live"
            " (make demo: IMPORT=--replace). Stop the gateways and workers before."
        ),
    ]
    return "\n".join(lines)
