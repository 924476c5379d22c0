"""The use case import: files into the store, all of it or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
import sample

from ml_service.adapters.datasets.csv_import import read_csv
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.errors import InvalidArgument
from ml_service.handlers.importing import Imported, import_dataset, import_into_empty
from ml_service.ports.storage import ImportedItems, ImportedRows

if TYPE_CHECKING:
    from pathlib import Path

    from ml_service.adapters.sql.store import SqlStore


def write(folder: Path, interactions: str, items: str = "item_id,title\na,A\nb,B\n") -> tuple[Path, Path]:
    paths = folder / "interactions.csv", folder / "items.csv"
    for path, text in zip(paths, (interactions, items), strict=True):
        path.write_text(text, "utf-8")
    return paths


def test_two_files_are_imported(empty_store: SqlStore, tmp_path: Path) -> None:
    imported = import_dataset(empty_store, read_csv(*write(tmp_path, "user_id,item_id,rating\nu,a,4\nu,b,\n")))

    assert imported == Imported(items=2, written=ImportedRows(given=2, new=2, left_out=0, items=ImportedItems(new=2)))
    assert empty_store.load_histories(recent=0).ratings == {"u": {"a": 4.0, "b": None}}


def test_the_same_files_again_add_nothing(empty_store: SqlStore, tmp_path: Path) -> None:
    paths = write(tmp_path, "user_id,item_id,rating\nu,a,4\n")
    import_dataset(empty_store, read_csv(*paths))

    assert not import_dataset(empty_store, read_csv(*paths)).written.has_changes


def test_a_bad_row_imports_nothing(empty_store: SqlStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"interactions\.csv, line 3, column rating"):
        import_dataset(empty_store, read_csv(*write(tmp_path, "user_id,item_id,rating\nu,a,4\nu,b,six\n")))

    assert empty_store.load_catalogue() == ()


def test_no_data_set_is_fetched_for_a_store_with_data(store: SqlStore) -> None:
    fetch = Mock()

    imported = import_into_empty(store, fetch)

    assert (imported, fetch.called, store.count_interactions()) == (None, False, len(sample.INTERACTIONS))


def test_interactions_of_erased_users_are_left_out_and_counted(empty_store: SqlStore, tmp_path: Path) -> None:
    paths = write(tmp_path, "user_id,item_id,rating\nerased,a,4\nerased,b,2\nu,b,3\n")
    import_dataset(empty_store, read_csv(*paths))
    SqlInteractionLog(empty_store.engine).append([sample.erasure(0, "erased")], None)

    imported = import_dataset(empty_store, read_csv(*paths))

    assert imported.written == ImportedRows(given=3, new=0, left_out=2)
    assert list(empty_store.load_histories(recent=0).ratings) == ["u"]
