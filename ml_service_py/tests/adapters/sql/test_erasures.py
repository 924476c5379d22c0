"""The erasure of a user in the store: in one transaction with the log position, and for good in a second reading of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sample
from alembic import command
from alembic.config import Config
from sqlalchemy import delete, insert, select

from ml_service.adapters.sql.database import MIGRATIONS, migrate, open_engine, reading, writing
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.adapters.sql.store import SqlStore
from ml_service.adapters.sql.tables import erased_users, log_positions, rejected_interactions
from ml_service.domain import LogPosition, RejectedMessage
from ml_service.ports.storage import Appended
from whynotboth.v1.interactions_pb2 import InteractionRecorded

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ml_service.domain import LogEntry

#: A log in which a user does two things, is erased, and does another one.
LOG: list[LogEntry] = [
    sample.logged(0, sample.interaction("u", "i3", 2.5)),
    sample.logged(1, sample.interaction("other", "i3", 4.0)),
    sample.logged(2, sample.interaction("u", "no such item")),
    sample.erasure(3, "u"),
    sample.logged(4, sample.interaction("u", "i5", 3.5)),
]


@pytest.fixture
def log(store: SqlStore) -> SqlInteractionLog:
    return SqlInteractionLog(store.engine)


def ratings(store: SqlStore, user_id: str = "u") -> dict[str, float | None]:
    return dict(store.load_histories(recent=0).ratings.get(user_id, {}))


def rejected_users(store: SqlStore) -> list[str | None]:
    with reading(store.engine) as connection:
        return list(connection.scalars(select(rejected_interactions.c.user_id)))


def forget_position(store: SqlStore) -> None:
    with writing(store.engine) as connection:
        connection.execute(delete(log_positions))


def upgrade(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_an_erasure_deletes_everything_of_the_user_before_its_offset(log: SqlInteractionLog, store: SqlStore) -> None:
    log.append(LOG[:3], None)

    appended = log.append([sample.erasure(3, "u"), sample.erasure(4, "even")], log.read_position())

    assert appended == Appended(interactions=0, rejected=0, erased=2)
    assert sorted(store.load_histories(recent=0).ratings) == ["late", "odd", "other"]
    assert rejected_users(store) == []


def test_entries_of_a_batch_before_an_erasure_are_not_written_and_later_ones_are(log: SqlInteractionLog, store: SqlStore) -> None:
    appended = log.append(LOG, None)

    assert appended == Appended(interactions=2, rejected=0, erased=1)
    assert ratings(store) == {"i5": 3.5}
    assert rejected_users(store) == []


def test_a_rejected_message_is_erased_with_its_user(log: SqlInteractionLog, store: SqlStore) -> None:
    theirs = RejectedMessage(LogPosition(0, "a"), "REQUEST_INVALID", "No rating.", b"", "u")
    nobodys = RejectedMessage(LogPosition(1, "b"), "MESSAGE_UNDECODABLE", "No body.", b"\xff")
    log.append([theirs, nobodys], None)

    log.append([sample.erasure(2, "u")], nobodys.position)

    assert rejected_users(store) == [None]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_second_reading_of_the_log_restores_no_erased_data_after_any_batch(log: SqlInteractionLog, store: SqlStore, size: int) -> None:
    log.append(LOG, None)
    forget_position(store)

    seen = []
    for start in range(0, len(LOG), size):
        log.append(LOG[start : start + size], log.read_position())
        seen.append((ratings(store), rejected_users(store)))

    assert all(moment == ({"i5": 3.5}, []) for moment in seen)


def test_an_erasure_in_an_earlier_log_erases_nothing_in_a_new_one(log: SqlInteractionLog, store: SqlStore) -> None:
    log.append(LOG, None)
    first, second = (sample.logged(offset, sample.interaction("u", f"i{offset}", 4.0)) for offset in range(2))

    log.append([first], LOG[-1].position)
    log.append([second], first.position)

    assert ratings(store) == {"i5": 3.5, "i0": 4.0, "i1": 4.0}


def test_an_erasure_that_a_new_log_holds_again_erases_the_data_of_both(log: SqlInteractionLog, store: SqlStore) -> None:
    log.append(LOG, None)
    again: list[LogEntry] = [sample.logged(0, sample.interaction("u", "i1")), sample.erasure(1, "u")]

    appended = log.append(again, LOG[-1].position)

    assert appended == Appended(interactions=0, rejected=0, erased=1)
    assert ratings(store) == {}


def test_a_log_that_was_wrongly_taken_for_new_gives_the_same_rows(log: SqlInteractionLog, store: SqlStore) -> None:
    log.append(LOG, None)
    before = store.load_histories(recent=0).ratings

    for start in range(len(LOG)):
        log.append(LOG[start : start + 1], LOG[start - 1].position)

    assert store.load_histories(recent=0).ratings == before
    assert rejected_users(store) == []


def test_of_two_erasures_the_later_one_counts_in_a_second_reading(log: SqlInteractionLog, store: SqlStore) -> None:
    twice = [*LOG, sample.erasure(5, "u"), sample.logged(6, sample.interaction("u", "i7", 1.0))]
    log.append(twice, None)
    forget_position(store)

    appended = log.append(twice, None)

    assert appended == Appended(interactions=0, rejected=0, erased=0)
    assert ratings(store) == {"i7": 1.0}


def test_loaded_histories_contain_the_offsets_of_erasures(log: SqlInteractionLog, store: SqlStore) -> None:
    log.append(LOG, None)

    histories = store.load_histories(recent=10)

    assert histories.erased_offsets == {"u": 3}
    assert "u" in histories.recent_ids.values()


def test_the_store_keeps_the_time_of_an_erasure(log: SqlInteractionLog, store: SqlStore) -> None:
    log.append(LOG, None)

    with reading(store.engine) as connection:
        assert connection.execute(select(erased_users.c.user_id, erased_users.c.erased_at)).all() == [("u", sample.WHEN)]


def test_an_import_restores_no_erased_user(log: SqlInteractionLog, store: SqlStore) -> None:
    log.append([sample.erasure(0, "even")], None)

    imported = store.import_data(sample.ITEMS, [*sample.INTERACTIONS, sample.interaction("new", "i1")])

    assert (imported.new, imported.left_out) == (1, 2)
    assert ratings(store, "even") == {}


def test_the_migration_finds_the_users_of_older_rejected_messages(database_url: str) -> None:
    body = InteractionRecorded(user_id="u").SerializeToString()
    row = {"log_offset": 0, "message_id": "m", "reason": "r", "detail": "d", "body": body, "rejected_at": sample.WHEN}
    engine = open_engine(database_url)
    upgrade(engine, "0002")
    with writing(engine) as connection:
        connection.execute(insert(rejected_interactions), row)

    migrate(engine)

    assert rejected_users(SqlStore(engine)) == ["u"]
    engine.dispose()
