"""Erases users from the store, and keeps the log offset of each erasure, so that a second reading of the log restores nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from ml_service.adapters.sql.tables import erased_users, interactions, rejected_interactions
from ml_service.domain import LoggedErasure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from ml_service.domain import LogEntry, LoggedInteraction, RejectedMessage

#: The offset of an erasure in an earlier log: it lies before every offset of the present log.
NO_OFFSET = -1


def erase(connection: Connection, batch: Sequence[LogEntry]) -> tuple[list[LoggedInteraction | RejectedMessage], list[LoggedErasure]]:
    """Carry out the erasures of a batch. Return the entries that must still be written, and the erasures that were new."""
    offsets = erased_offsets(connection, batch[0].position.offset)
    erasures = {entry.user_id: entry for entry in batch if isinstance(entry, LoggedErasure) and not _is_erased(entry, offsets)}
    _erase_rows(connection, list(erasures.values()))
    offsets.update((entry.user_id, entry.position.offset) for entry in erasures.values())
    stays = [entry for entry in batch if not isinstance(entry, LoggedErasure) and not _is_erased(entry, offsets)]
    return stays, list(erasures.values())


def erased_offsets(connection: Connection, since: int = NO_OFFSET + 1) -> dict[str, int]:
    """Return the offset of each user's erasure, for erasures at the offset `since` or later."""
    query = select(erased_users.c.user_id, erased_users.c.log_offset).where(erased_users.c.log_offset >= since)
    return {row.user_id: row.log_offset for row in connection.execute(query)}


def forget_offsets(connection: Connection) -> None:
    """Set the offsets of all erasures to NO_OFFSET, because a new log has begun."""
    connection.execute(update(erased_users).values(log_offset=NO_OFFSET))


def _is_erased(entry: LogEntry, offsets: dict[str, int]) -> bool:
    return entry.user_id is not None and entry.position.offset <= offsets.get(entry.user_id, NO_OFFSET)


def _erase_rows(connection: Connection, erasures: Sequence[LoggedErasure]) -> None:
    if not erasures:
        return
    user_ids = [entry.user_id for entry in erasures]
    for table in (interactions, rejected_interactions, erased_users):
        connection.execute(delete(table).where(table.c.user_id.in_(user_ids)))
    rows = [{"user_id": entry.user_id, "log_offset": entry.position.offset, "erased_at": entry.occurred_at} for entry in erasures]
    connection.execute(insert(erased_users), rows)
