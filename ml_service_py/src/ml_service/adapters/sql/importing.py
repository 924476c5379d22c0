"""The transaction of an import: replaces the data if asked to, writes items and interactions, and notes that the data changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ml_service.adapters.sql.imported_rows import insert_imported
from ml_service.adapters.sql.tables import data_state, interactions, items, live_model, log_positions
from ml_service.domain import DataState, Item
from ml_service.ports.storage import ImportedItems, ImportedRows, ImportMode, ImportRefused, RenamedItem, StoredData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

STATE_SLOT = 1


def write_import(connection: Connection, new_items: Sequence[Item], given: int, mode: ImportMode) -> ImportedRows:
    """Write the items and the `given` rows of the temporary table.

    Raise ImportRefused after writing, so that the error knows what changes; the caller's transaction is rolled back.
    """
    # Counted only where it may be needed: an addition in many parts would count the whole store for each.
    present = _count(connection) if mode is ImportMode.INTO_EMPTY else None
    if mode is ImportMode.REPLACE:
        _remove_data(connection)
    written_items = _write_items(connection, new_items)
    # In a store that has data, without ADD, every new row is refused anyway.
    new, left_out = insert_imported(connection, requires_times=mode is ImportMode.ADD)
    written = ImportedRows(given, new, left_out, written_items)
    if present is not None and written.has_changes and not present.is_empty:
        raise ImportRefused(present, written)
    if mode is ImportMode.REPLACE or written.has_changes:
        _note_change(connection, is_replaced=mode is ImportMode.REPLACE)
    return written


def read_state(connection: Connection) -> DataState:
    row = connection.execute(select(data_state.c.imports, data_state.c.replaced_at)).one_or_none()
    return DataState(row.imports, row.replaced_at) if row else DataState()


def to_item(row: Row[tuple[object, ...]]) -> Item:
    return Item(row.item_id, row.title, row.year, tuple(row.genres))


def _count(connection: Connection) -> StoredData:
    known, interacted = (connection.scalar(select(func.count()).select_from(table)) or 0 for table in (items, interactions))
    return StoredData(known, interacted, connection.scalar(select(live_model.c.version)))


def _remove_data(connection: Connection) -> None:
    """Remove interactions, items and the live version's row. Erasures and the position in the log stay: old events aren't read again."""
    # The projector updates this row first, so its batch is written before this transaction or after it. SQLite locks the whole store.
    connection.execute(select(log_positions).with_for_update()).all()
    for table in (interactions, items, live_model):
        connection.execute(delete(table))


def _write_items(connection: Connection, new_items: Sequence[Item]) -> ImportedItems:
    """Add items, and give known ones their new title, year and genres."""
    if not new_items:
        return ImportedItems()
    known = {row.item_id: to_item(row) for row in connection.execute(select(items))}
    added = [item for item in new_items if item.item_id not in known]
    changed = [item for item in new_items if item.item_id in known and item != known[item.item_id]]
    if added or changed:
        _upsert(connection, [*added, *changed])
    renamed = [RenamedItem(item.item_id, old, item.title) for item in changed if (old := known[item.item_id].title) != item.title]
    return ImportedItems(len(added), len(changed), tuple(renamed))


def _upsert(connection: Connection, rows: Sequence[Item]) -> None:
    values = [{"item_id": row.item_id, "title": row.title, "year": row.year, "genres": list(row.genres)} for row in rows]
    statement = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(items)
    changed = {name: statement.excluded[name] for name in ("title", "year", "genres")}
    connection.execute(statement.on_conflict_do_update(index_elements=["item_id"], set_=changed), values)


def _note_change(connection: Connection, *, is_replaced: bool) -> None:
    replaced = {"replaced_at": datetime.now(UTC)} if is_replaced else {}
    if not connection.execute(update(data_state).values(imports=data_state.c.imports + 1, **replaced)).rowcount:
        connection.execute(insert(data_state).values(slot=STATE_SLOT, imports=1, **replaced))
