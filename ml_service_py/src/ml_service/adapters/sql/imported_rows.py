"""Inserts the rows of an import that are new to the store. User, item and time identify a row, whatever its line in the file."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select

from ml_service.adapters.sql.database import insert_new
from ml_service.adapters.sql.erasures import erased_among
from ml_service.adapters.sql.tables import interactions, microseconds
from ml_service.domain import moment_of
from ml_service.errors import InvalidArgument
from ml_service.ports.storage import ImportedRows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ml_service.domain import Interaction
    from ml_service.ports.storage import ImportedItems

#: Users or ids in one query.
CHUNK = 500

#: User, item and moment; for an interaction without a time, its id.
Identity = tuple[str, str, int] | str
SqlRow = dict[str, Any]


def imported_id(user_id: str, item_id: str, occurred_at: datetime) -> str:
    """Return the id of an imported interaction. It depends neither on the file nor on the line."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"imported\n{user_id}\n{item_id}\n{moment_of(occurred_at)}"))


def rows_by_identity(given: Iterable[Interaction]) -> dict[Identity, SqlRow]:
    """Return the rows to write, in their order. Of several rows with the same identity only the last one is kept."""
    rows: dict[Identity, SqlRow] = {}
    for interaction in given:
        identity = _identity(interaction)
        rows.pop(identity, None)
        rows[identity] = _row(interaction)
    return rows


def insert_imported(connection: Connection, rows: dict[Identity, SqlRow], *, requires_times: bool, items: ImportedItems) -> ImportedRows:
    """Write the rows that the store doesn't have yet, except those of erased users.

    With `requires_times`, raises InvalidArgument (IMPORT_INVALID) for new rows without a time in a store that has interactions: the later
    of two ratings couldn't be determined. `items`: what was written of the items.
    """
    erased = erased_among(connection, (row["user_id"] for row in rows.values()))
    kept = {identity: row for identity, row in rows.items() if row["user_id"] not in erased}
    has_interactions = connection.scalar(select(exists(select(interactions.c.row_id))))
    stored = set(_stored(connection, kept)) if has_interactions else set()
    new = [row for identity, row in kept.items() if identity not in stored]
    if has_interactions and requires_times:
        _require_times(new)
    return ImportedRows(insert_new(connection, interactions, new, "interaction_id"), len(rows) - len(kept), items)


def _stored(connection: Connection, rows: dict[Identity, SqlRow]) -> Iterator[Identity]:
    """Yield the identities that the store has already. A row with a time also matches a live interaction, which has another id."""
    moment = microseconds(interactions.c.occurred_at)
    timed = select(interactions.c.user_id, interactions.c.item_id, moment).where(interactions.c.occurred_at.is_not(None))
    for user_ids in _chunks({row["user_id"] for row in rows.values() if row["occurred_at"] is not None}):
        found = connection.execute(timed.where(interactions.c.user_id.in_(user_ids)))
        yield from (identity for identity in map(tuple, found) if identity in rows)
    for ids in _chunks({identity for identity in rows if isinstance(identity, str)}):
        yield from connection.scalars(select(interactions.c.interaction_id).where(interactions.c.interaction_id.in_(ids)))


def _require_times(new: Sequence[SqlRow]) -> None:
    without = [row for row in new if row["occurred_at"] is None]
    if not without:
        return
    first = f"the new interaction of user {without[0]['user_id']!r} and item {without[0]['item_id']!r}"
    others = f" (nor in {len(without) - 1} others)" if len(without) > 1 else ""
    raise InvalidArgument(
        "IMPORT_INVALID",
        f"There is no timestamp in {first}{others}, but the store has interactions, so the latest rating can't be determined."
        " Add a timestamp to each row, or replace the data by --replace. Nothing was imported.",
    )


def _identity(interaction: Interaction) -> Identity:
    if interaction.occurred_at is None:
        return interaction.interaction_id
    return interaction.user_id, interaction.item_id, moment_of(interaction.occurred_at)


def _row(interaction: Interaction) -> SqlRow:
    return {
        "interaction_id": interaction.interaction_id,
        "user_id": interaction.user_id,
        "item_id": interaction.item_id,
        "rating": interaction.rating,
        "occurred_at": interaction.occurred_at,
    }


def _chunks(texts: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(texts)
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))
