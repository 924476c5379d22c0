"""Loads the interactions of an import into a temporary table, then inserts those that are new to the store.

User, item and time identify a row, whatever its line in the file. With the temporary table, the memory in use doesn't depend on the
size of the file, and the write lock of the store is taken only after the last row was read.
"""

from __future__ import annotations

from hashlib import sha1
from itertools import islice
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID

from sqlalchemy import Column, Float, MetaData, Table, Text, delete, exists, func, insert, select, tuple_

from ml_service.adapters.sql.tables import Moment, RowId, erased_users, interactions
from ml_service.domain import moment_of
from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Connection

    from ml_service.domain import Interaction

NAMESPACE = NAMESPACE_OID.bytes
#: Rows in one statement.
BATCH = 5000

#: The interactions of one import, in their order. The database drops the table when the connection closes.
imported = Table(
    "imported_interactions",
    MetaData(),
    Column("row_id", RowId, primary_key=True, autoincrement=True),
    Column("interaction_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("rating", Float),
    Column("occurred_at", Moment),
    prefixes=["TEMPORARY"],
)


def imported_id(user_id: str, item_id: str, occurred_at: datetime) -> str:
    """Return the id of an imported interaction. It depends neither on the file nor on the line."""
    # As `uuid.uuid5` gives it, in a third of its time.
    digest = sha1(NAMESPACE + f"imported\n{user_id}\n{item_id}\n{moment_of(occurred_at)}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def load_temporary(connection: Connection, given: Iterable[Interaction]) -> int:
    """Write the interactions into a new temporary table. Of several with the same id keep the last one. Return how many were given."""
    imported.create(connection)
    count, rows = 0, iter(given)
    while batch := [_row(interaction) for interaction in islice(rows, BATCH)]:
        connection.execute(insert(imported), batch)
        count += len(batch)
    # Created last: to sort all ids once is faster than to insert each id into the index.
    connection.exec_driver_sql("CREATE INDEX ix_imported_interactions ON imported_interactions (interaction_id, row_id)")
    later = imported.alias()
    repeats = exists(select(later.c.row_id).where(later.c.interaction_id == imported.c.interaction_id, later.c.row_id > imported.c.row_id))
    connection.execute(delete(imported).where(repeats))
    return count


def insert_imported(connection: Connection, *, requires_times: bool) -> tuple[int, int]:
    """Insert the rows of the temporary table that the store doesn't have yet, except those of erased users.

    Return the number of new rows, and of those left out.
    With `requires_times`, raises InvalidArgument (IMPORT_INVALID) for new rows without a time in a store that has interactions: the later
    of two ratings couldn't be determined.
    """
    left_out = connection.execute(delete(imported).where(imported.c.user_id.in_(select(erased_users.c.user_id)))).rowcount
    if connection.scalar(select(exists(select(interactions.c.row_id)))):
        _delete_stored(connection)
        if requires_times:
            _require_times(connection)
    copied = [column for column in imported.c if column.name != "row_id"]
    rows = select(*copied).order_by(imported.c.row_id)
    statement = insert(interactions).from_select([column.name for column in copied], rows)
    # Without `preserve_rowcount`, SQLAlchemy returns -1 for an INSERT on PostgreSQL.
    new = connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount
    return new, left_out


def _delete_stored(connection: Connection) -> None:
    """Delete the rows that the store has already. A row with a time also matches a live interaction, which has another id."""
    identity = tuple_(imported.c.user_id, imported.c.item_id, imported.c.occurred_at)
    stored = select(interactions.c.user_id, interactions.c.item_id, interactions.c.occurred_at)
    timed = stored.where(interactions.c.occurred_at.is_not(None))
    connection.execute(delete(imported).where(identity.in_(timed)))
    connection.execute(delete(imported).where(imported.c.interaction_id.in_(select(interactions.c.interaction_id))))


def _require_times(connection: Connection) -> None:
    without = select(imported.c.user_id, imported.c.item_id).where(imported.c.occurred_at.is_(None)).order_by(imported.c.row_id)
    first = connection.execute(without.limit(1)).one_or_none()
    if first is None:
        return
    others = (connection.scalar(select(func.count()).select_from(without.subquery())) or 0) - 1
    raise InvalidArgument(
        "IMPORT_INVALID",
        f"There is no timestamp in the new interaction of user {first.user_id!r} and item {first.item_id!r}"
        f"{f' (nor in {others} others)' if others else ''}, but the store has interactions, so the latest rating can't be determined."
        " Add a timestamp to each row, or replace the data by --replace. Nothing was imported.",
    )


def _row(interaction: Interaction) -> dict[str, Any]:
    return {
        "interaction_id": interaction.interaction_id,
        "user_id": interaction.user_id,
        "item_id": interaction.item_id,
        "rating": interaction.rating,
        "occurred_at": interaction.occurred_at,
    }
