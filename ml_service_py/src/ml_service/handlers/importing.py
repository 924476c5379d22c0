"""Brings data into the store: all of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.domain import Dataset
    from ml_service.ports.storage import Store


@dataclass(frozen=True, slots=True)
class Imported:
    """How many items and interactions the data has, how many interactions are new, and how many were left out (erased users)."""

    items: int
    interactions: int
    new_interactions: int
    left_out: int


def import_dataset(store: Store, data: Dataset) -> Imported:
    """Add the data to the store's."""
    written = store.import_data(data.items, data.interactions)
    return Imported(len(data.items), len(data.interactions), written.new, written.left_out)


def import_into_empty(store: Store, fetch: Callable[[], Dataset]) -> Imported | None:
    """Fetch data and add it; return None, and fetch nothing, if the store has interactions already."""
    if store.count_interactions():
        return None
    return import_dataset(store, fetch())
