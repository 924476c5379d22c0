"""A user who is erased, in the store: gone in the transaction of the place in the log, and gone for good when the log is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sample
from alembic import command
from alembic.config import Config
from sqlalchemy import delete, insert, select

from ml_service.adapters.sql.database import MIGRATIONS, migrate, open_engine, reading, writing
from ml_service.adapters.sql.interaction_log import Appended, InteractionLog
from ml_service.adapters.sql.store import SqlStore
from ml_service.adapters.sql.tables import erased_users, log_positions, rejected_interactions
from ml_service.domain import LogPosition, RejectedMessage
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
def log(store: SqlStore) -> InteractionLog:
    return InteractionLog(store.engine)


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


def test_an_erasure_leaves_nothing_that_came_before_it(log: InteractionLog, store: SqlStore) -> None:
    log.append(LOG[:3], None)

    appended = log.append([sample.erasure(3, "u"), sample.erasure(4, "even")], log.read_position())

    assert appended == Appended(interactions=0, rejected=0, erased=2)
    assert sorted(store.load_histories(recent=0).ratings) == ["late", "odd", "other"]
    assert rejected_users(store) == []


def test_what_a_batch_holds_before_an_erasure_is_never_written_and_what_follows_is(log: InteractionLog, store: SqlStore) -> None:
    appended = log.append(LOG, None)

    assert appended == Appended(interactions=2, rejected=0, erased=1)
    assert ratings(store) == {"i5": 3.5}
    assert rejected_users(store) == []


def test_a_body_that_was_set_aside_is_erased_with_its_user(log: InteractionLog, store: SqlStore) -> None:
    theirs = RejectedMessage(LogPosition(0, "a"), "REQUEST_INVALID", "No rating.", b"", "u")
    nobodys = RejectedMessage(LogPosition(1, "b"), "MESSAGE_UNDECODABLE", "No body.", b"\xff")
    log.append([theirs, nobodys], None)

    log.append([sample.erasure(2, "u")], nobodys.position)

    assert rejected_users(store) == [None]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_log_that_is_read_again_brings_nothing_back_at_any_moment(log: InteractionLog, store: SqlStore, size: int) -> None:
    log.append(LOG, None)
    forget_position(store)

    seen = []
    for start in range(0, len(LOG), size):
        log.append(LOG[start : start + size], log.read_position())
        seen.append((ratings(store), rejected_users(store)))

    assert all(moment == ({"i5": 3.5}, []) for moment in seen)


def test_an_erasure_of_another_log_erases_nothing_of_this_one(log: InteractionLog, store: SqlStore) -> None:
    log.append(LOG, None)
    first, second = (sample.logged(offset, sample.interaction("u", f"i{offset}", 4.0)) for offset in range(2))

    log.append([first], LOG[-1].position)
    log.append([second], first.position)

    assert ratings(store) == {"i5": 3.5, "i0": 4.0, "i1": 4.0}


def test_an_erasure_that_another_log_holds_erases_what_both_had(log: InteractionLog, store: SqlStore) -> None:
    log.append(LOG, None)
    again: list[LogEntry] = [sample.logged(0, sample.interaction("u", "i1")), sample.erasure(1, "u")]

    appended = log.append(again, LOG[-1].position)

    assert appended == Appended(interactions=0, rejected=0, erased=1)
    assert ratings(store) == {}


def test_a_log_that_was_taken_for_another_one_ends_in_the_same_rows(log: InteractionLog, store: SqlStore) -> None:
    log.append(LOG, None)
    before = store.load_histories(recent=0).ratings

    for start in range(len(LOG)):
        log.append(LOG[start : start + 1], LOG[start - 1].position)

    assert store.load_histories(recent=0).ratings == before
    assert rejected_users(store) == []


def test_of_two_erasures_the_later_one_counts_when_the_log_is_read_again(log: InteractionLog, store: SqlStore) -> None:
    twice = [*LOG, sample.erasure(5, "u"), sample.logged(6, sample.interaction("u", "i7", 1.0))]
    log.append(twice, None)
    forget_position(store)

    appended = log.append(twice, None)

    assert appended == Appended(interactions=0, rejected=0, erased=0)
    assert ratings(store) == {"i7": 1.0}


def test_histories_come_with_the_places_of_erasures(log: InteractionLog, store: SqlStore) -> None:
    log.append(LOG, None)

    histories = store.load_histories(recent=10)

    assert histories.erased_offsets == {"u": 3}
    assert "u" in histories.recent_ids.values()


def test_the_store_knows_when_a_user_was_erased(log: InteractionLog, store: SqlStore) -> None:
    log.append(LOG, None)

    with reading(store.engine) as connection:
        assert connection.execute(select(erased_users.c.user_id, erased_users.c.erased_at)).all() == [("u", sample.WHEN)]


def test_an_import_brings_nobody_back(log: InteractionLog, store: SqlStore) -> None:
    log.append([sample.erasure(0, "even")], None)

    imported = store.import_data(sample.ITEMS, [*sample.INTERACTIONS, sample.interaction("new", "i1")])

    assert (imported.new, imported.left_out) == (1, 2)
    assert ratings(store, "even") == {}


def test_what_was_set_aside_before_there_were_erasures_is_found_by_its_user(database_url: str) -> None:
    body = InteractionRecorded(user_id="u").SerializeToString()
    row = {"log_offset": 0, "message_id": "m", "reason": "r", "detail": "d", "body": body, "rejected_at": sample.WHEN}
    engine = open_engine(database_url)
    upgrade(engine, "0002")
    with writing(engine) as connection:
        connection.execute(insert(rejected_interactions), row)

    migrate(engine)

    assert rejected_users(SqlStore(engine)) == ["u"]
    engine.dispose()
