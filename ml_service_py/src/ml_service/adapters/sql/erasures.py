"""Who was erased, and up to which place of the log: what stands before it stays erased when the log is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from ml_service.adapters.sql.tables import erased_users, interactions, rejected_interactions
from ml_service.domain import LoggedErasure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from ml_service.domain import LogEntry, LoggedInteraction, RejectedMessage

#: Before every place. Of erasures whose log is no more: what another log holds came after them.
NO_OFFSET = -1


def erase(connection: Connection, batch: Sequence[LogEntry]) -> tuple[list[LoggedInteraction | RejectedMessage], list[LoggedErasure]]:
    """Carries out the erasures of a batch; gives what of it stays to be written, and those that weren't carried out before."""
    offsets = erased_offsets(connection, batch[0].position.offset)
    erasures = {entry.user_id: entry for entry in batch if isinstance(entry, LoggedErasure) and not _is_erased(entry, offsets)}
    _erase_rows(connection, list(erasures.values()))
    offsets.update((entry.user_id, entry.position.offset) for entry in erasures.values())
    stays = [entry for entry in batch if not isinstance(entry, LoggedErasure) and not _is_erased(entry, offsets)]
    return stays, list(erasures.values())


def erased_offsets(connection: Connection, since: int = NO_OFFSET + 1) -> dict[str, int]:
    """Where the log erases users, as far as the store knows of it, from an offset on."""
    query = select(erased_users.c.user_id, erased_users.c.log_offset).where(erased_users.c.log_offset >= since)
    return {row.user_id: row.log_offset for row in connection.execute(query)}


def erased_among(connection: Connection, user_ids: Iterable[str]) -> set[str]:
    """Those of the users who were erased at some time."""
    return set(connection.scalars(select(erased_users.c.user_id))).intersection(user_ids)


def forget_offsets(connection: Connection) -> None:
    """The log is another one than that which the erasures were read from."""
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
