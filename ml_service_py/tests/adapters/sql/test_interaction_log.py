"""The transaction of the projector: rows and position are written together, once, by one projector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sample
from sqlalchemy import delete, select

from ml_service.adapters.broker.interaction_messages import decode_interaction
from ml_service.adapters.sql.database import reading, writing
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.adapters.sql.tables import interactions, items, rejected_interactions
from ml_service.domain import Item, LogPosition, RejectedMessage
from ml_service.errors import Internal
from ml_service.ports.messaging import ReceivedMessage
from ml_service.ports.storage import Appended, PositionMoved

if TYPE_CHECKING:
    from ml_service.adapters.sql.store import SqlStore


@pytest.fixture
def log(store: SqlStore) -> SqlInteractionLog:
    return SqlInteractionLog(store.engine)


def reasons(store: SqlStore) -> list[str]:
    with reading(store.engine) as connection:
        return list(connection.scalars(select(rejected_interactions.c.reason)))


def delete_item(store: SqlStore, item_id: str) -> None:
    with writing(store.engine) as connection:
        for table in (interactions, items):
            connection.execute(delete(table).where(table.c.item_id == item_id))


def test_rows_and_position_are_written_in_one_transaction(log: SqlInteractionLog, store: SqlStore) -> None:
    entry = sample.logged(4, sample.interaction("new", "i3", 2.5))

    appended = log.append([entry], None)

    assert appended == Appended(interactions=1, rejected=0)
    assert log.read_position() == entry.position
    assert store.load_histories(recent=0).ratings["new"] == {"i3": 2.5}


def test_a_duplicate_interaction_is_stored_once(log: SqlInteractionLog, store: SqlStore) -> None:
    first, later = sample.interaction("new", "i3", 1.0), sample.interaction("new", "i3", 5.0)

    appended = log.append([sample.logged(0, first), sample.logged(1, later), sample.logged(2, first)], None)

    assert appended.interactions == 2
    assert store.load_histories(recent=0).ratings["new"] == {"i3": 5.0}


def test_a_projector_with_an_old_position_writes_nothing_and_must_step_down(log: SqlInteractionLog, store: SqlStore) -> None:
    log.append([sample.logged(0, sample.interaction("new", "i3"))], None)

    for stale in (None, LogPosition(0, "another"), LogPosition(5, "x")):
        with pytest.raises(PositionMoved):
            log.append([sample.logged(1, sample.interaction("late", "i4"))], stale)

    position = log.read_position()
    assert position is not None
    assert position.offset == 0
    assert "i4" not in store.load_histories(recent=0).ratings["late"]


def test_an_unusable_message_is_stored_as_rejected_and_skipped(log: SqlInteractionLog, store: SqlStore) -> None:
    undecodable = RejectedMessage(LogPosition(0, "m"), "MESSAGE_UNDECODABLE", "No body.", b"\xff")
    unknown = sample.logged(1, sample.interaction("new", "no such item"))

    appended = log.append([undecodable, unknown], None)

    assert appended == Appended(interactions=0, rejected=2)
    assert reasons(store) == ["MESSAGE_UNDECODABLE", "ITEM_UNKNOWN"]
    assert log.read_position() == unknown.position


def test_an_item_imported_after_the_first_batch_is_known(log: SqlInteractionLog, store: SqlStore) -> None:
    before, after = (sample.logged(offset, sample.interaction("new", "late")) for offset in (0, 1))

    rejected = log.append([before], None)
    store.import_data([Item("late", "A late film")], [])
    appended = log.append([after], before.position)

    assert (rejected, appended) == (Appended(interactions=0, rejected=1), Appended(interactions=1, rejected=0))


def test_a_deleted_item_is_noticed_when_the_projector_begins_again(log: SqlInteractionLog, store: SqlStore) -> None:
    first, second = (sample.logged(offset, sample.interaction("new", "late")) for offset in (0, 1))
    store.import_data([Item("late", "A late film")], [])
    log.append([first], None)
    delete_item(store, "late")

    with pytest.raises(Internal):
        log.append([second], first.position)
    appended = log.append([second], log.read_position())

    assert appended == Appended(interactions=0, rejected=1)


def test_a_rejected_interaction_with_an_unknown_item_keeps_its_content(log: SqlInteractionLog, store: SqlStore) -> None:
    logged = sample.logged(0, sample.interaction("new", "no such item"))

    log.append([logged], None)

    with reading(store.engine) as connection:
        body = connection.scalar(select(rejected_interactions.c.body)) or b""
    kept = decode_interaction(ReceivedMessage("whynotboth.v1.InteractionRecorded", logged.position.message_id, body, offset=0))
    assert kept.interaction == logged.interaction


def test_a_second_reading_of_the_log_adds_no_rows(log: SqlInteractionLog, store: SqlStore) -> None:
    batch = [sample.logged(0, sample.interaction("new", "i3")), sample.logged(1, sample.interaction("new", "no such item"))]
    log.append(batch, None)

    again = log.append(batch, log.read_position())

    assert again == Appended(interactions=0, rejected=0)
    assert reasons(store) == ["ITEM_UNKNOWN"]
