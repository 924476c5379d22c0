"""The projector's transaction: writes a batch of the stream `interactions` and the new log position, both or neither."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, tuple_, update

from ml_service.adapters.broker.interaction_messages import encode_interaction
from ml_service.adapters.sql import erasures
from ml_service.adapters.sql.database import insert_new, reading, writing
from ml_service.adapters.sql.importing import read_state
from ml_service.adapters.sql.tables import interactions, items, log_positions, rejected_interactions
from ml_service.domain import LoggedInteraction, LogPosition, RejectedMessage
from ml_service.ports.storage import Appended, PositionMoved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

    from ml_service.domain import LogEntry

STREAM = "interactions"


class SqlInteractionLog:
    """The projector's view of the store. All methods raise Unavailable (STORE_UNAVAILABLE) while the database doesn't answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: Known items of the catalogue, as a cache: querying them for each batch would take as long as writing it.
        self._known_items: set[str] = set()

    def read_position(self) -> LogPosition | None:
        """Return the position after which to begin. Clear the cache of items, because an operator may have deleted one."""
        self._known_items.clear()
        query = select(log_positions.c.log_offset, log_positions.c.message_id).where(log_positions.c.stream == STREAM)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return LogPosition(row.log_offset, row.message_id) if row else None

    def append(self, batch: Sequence[LogEntry], after: LogPosition | None) -> Appended:
        """Write a batch in its order, if the position is still `after`. Raises PositionMoved otherwise, and writes nothing."""
        with writing(self._engine) as connection:
            _move_position(connection, after, batch[-1].position)
            if after is not None and batch[0].position.offset <= after.offset:
                # The stream is a new log: offsets of the previous one mean nothing in it.
                erasures.forget_offsets(connection)
            stays, erased = erasures.erase(connection, batch)
            return Appended(*self._write(connection, stays), len(erased))

    def _write(self, connection: Connection, batch: Sequence[LoggedInteraction | RejectedMessage]) -> tuple[int, int]:
        logged = [entry for entry in batch if isinstance(entry, LoggedInteraction)]
        rejected = [entry for entry in batch if isinstance(entry, RejectedMessage)]
        self._learn_items(connection, {entry.interaction.item_id for entry in logged})
        data = read_state(connection)
        rows: list[dict[str, object]] = []
        for entry in logged:
            if data.is_outdated(entry.interaction):
                rejected.append(_unknown_item(entry, "an item of the data that was replaced"))
            elif entry.interaction.item_id not in self._known_items:
                rejected.append(_unknown_item(entry, "the unknown item"))
            else:
                rows.append(_row(entry))
        return insert_new(connection, interactions, rows, "interaction_id"), _insert_rejected(connection, rejected)

    def _learn_items(self, connection: Connection, item_ids: set[str]) -> None:
        if unknown := item_ids - self._known_items:
            self._known_items.update(connection.scalars(select(items.c.item_id).where(items.c.item_id.in_(unknown))))


def _move_position(connection: Connection, after: LogPosition | None, to: LogPosition) -> None:
    values = {"log_offset": to.offset, "message_id": to.message_id}
    if after is None:
        moved = insert_new(connection, log_positions, [{"stream": STREAM, **values}], "stream")
    else:
        held = (
            log_positions.c.stream == STREAM,
            log_positions.c.log_offset == after.offset,
            log_positions.c.message_id == after.message_id,
        )
        moved = connection.execute(update(log_positions).where(*held).values(values)).rowcount
    if moved != 1:
        raise PositionMoved


def _unknown_item(entry: LoggedInteraction, named: str) -> RejectedMessage:
    interaction = entry.interaction
    detail = f"Interaction {interaction.interaction_id} of user {interaction.user_id} names {named}: {interaction.item_id}."
    return RejectedMessage(entry.position, "ITEM_UNKNOWN", detail, encode_interaction(interaction), entry.user_id)


def _insert_rejected(connection: Connection, rejected: Sequence[RejectedMessage]) -> int:
    if not rejected:
        return 0
    # A second reading of the log finds the same rejected messages again.
    key = tuple_(rejected_interactions.c.log_offset, rejected_interactions.c.message_id)
    positions = [(entry.position.offset, entry.position.message_id) for entry in rejected]
    known = {(row.log_offset, row.message_id) for row in connection.execute(select(*key.clauses).where(key.in_(positions)))}
    now = datetime.now(UTC)
    rows = [
        {
            "log_offset": entry.position.offset,
            "message_id": entry.position.message_id,
            "reason": entry.reason,
            "detail": entry.detail.replace("\x00", ""),
            "body": entry.body,
            "rejected_at": now,
            "user_id": entry.user_id,
        }
        for entry, position in zip(rejected, positions, strict=True)
        if position not in known
    ]
    if rows:
        connection.execute(insert(rejected_interactions), rows)
    return len(rows)


def _row(entry: LoggedInteraction) -> dict[str, object]:
    interaction = entry.interaction
    return {
        "interaction_id": interaction.interaction_id,
        "user_id": interaction.user_id,
        "item_id": interaction.item_id,
        "rating": interaction.rating,
        "occurred_at": interaction.occurred_at,
    }
