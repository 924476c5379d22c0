"""Brings data into the store: MovieLens 100K, or a user's own two files. All of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.adapters.datasets import csv_import, movielens

if TYPE_CHECKING:
    from pathlib import Path

    from ml_service.adapters.sql.store import Store
    from ml_service.domain import Dataset


@dataclass(frozen=True, slots=True)
class Imported:
    """How many items and interactions were read, how many of the interactions are new, and how many are of erased users."""

    items: int
    interactions: int
    new_interactions: int
    left_out: int


def import_movielens(store: Store, cache_dir: Path) -> Imported | None:
    """Gives None where the store has interactions already."""
    if store.count_interactions():
        return None
    return _write(store, movielens.fetch(cache_dir))


def import_csv(store: Store, interactions_path: Path, items_path: Path) -> Imported:
    """Adds to what is there. Raises InvalidArgument (IMPORT_INVALID) naming files, lines and columns."""
    return _write(store, csv_import.read_csv(interactions_path, items_path))


def _write(store: Store, data: Dataset) -> Imported:
    written = store.import_data(data.items, data.interactions)
    return Imported(len(data.items), len(data.interactions), written.new, written.left_out)
