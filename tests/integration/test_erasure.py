"""Erasure of a user, with a real log: the data leaves store and memory, and stays away even when the log is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from harness.log_readers import LiveHistories, OwnLog, projecting, stored_ratings
from harness.waiting import eventually
from ml_service.adapters.sql.database import migrate, open_engine, writing
from ml_service.adapters.sql.store import SqlStore
from ml_service.adapters.sql.tables import log_positions
from ml_service.domain import Item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml_service.adapters.broker.connection import BrokerAddress
    from ml_service.adapters.broker.publisher import Publisher


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    store = SqlStore(engine)
    store.import_data([Item(name, name) for name in ("film", "other", "third")], [])
    yield store
    engine.dispose()


@pytest.fixture
def log(address: BrokerAddress, publisher: Publisher) -> OwnLog:
    return OwnLog(address, publisher)


@pytest.fixture
def live(store: SqlStore) -> Iterator[LiveHistories]:
    live = LiveHistories(store)
    yield live
    live.close()


def forget_position(store: SqlStore) -> None:
    with writing(store.engine) as connection:
        connection.execute(delete(log_positions))


def record_and_erase(log: OwnLog, user_id: str) -> None:
    """Record events of the user before and after an erasure. The last event is another user's, so it marks the end."""
    log.record(user_id, "film", 1)
    log.record(user_id, "no such film", 1)
    log.erase(user_id)
    log.record(user_id, "other", 5)
    log.record("somebody else", "film", 3)


def test_an_erasure_removes_earlier_events_and_keeps_later_ones(
    address: BrokerAddress, log: OwnLog, store: SqlStore, live: LiveHistories, user_id: str
) -> None:
    expected = {user_id: {"other": 5}, "somebody else": {"film": 3}}

    with projecting(address, log, store), live.following(address, log):
        record_and_erase(log, user_id)

        eventually(lambda: stored_ratings(store) == expected, within=20)
        eventually(lambda: live.ratings == expected, within=20)


def test_reading_the_log_again_from_the_beginning_restores_nothing(
    address: BrokerAddress, log: OwnLog, store: SqlStore, user_id: str
) -> None:
    record_and_erase(log, user_id)
    with projecting(address, log, store):
        eventually(lambda: "somebody else" in stored_ratings(store), within=20)
    forget_position(store)
    live = LiveHistories(store)
    log.record("the last one", "film", 3)

    with live.following(address, log), projecting(address, log, store):
        eventually(lambda: "the last one" in stored_ratings(store) and "the last one" in live.ratings, within=20)

    assert stored_ratings(store)[user_id] == live.ratings[user_id] == {"other": 5}
    live.close()


def test_a_starting_recommender_follows_an_erasure_that_only_the_log_has(
    address: BrokerAddress, log: OwnLog, store: SqlStore, user_id: str
) -> None:
    log.record(user_id, "film", 1)
    with projecting(address, log, store):
        eventually(lambda: user_id in stored_ratings(store), within=20)
    log.erase(user_id)
    live = LiveHistories(store)

    with live.following(address, log):
        eventually(lambda: live.offset == 1, within=20)

    assert user_id in stored_ratings(store)
    assert user_id not in live.ratings
    live.close()


def test_events_after_a_reset_of_the_broker_count(
    address: BrokerAddress, log: OwnLog, publisher: Publisher, store: SqlStore, live: LiveHistories, user_id: str
) -> None:
    with projecting(address, log, store), live.following(address, log):
        record_and_erase(log, user_id)
        eventually(lambda: "somebody else" in stored_ratings(store) and "somebody else" in live.ratings, within=20)
    fresh = OwnLog(address, publisher)
    fresh.record(user_id, "third", 2)

    with projecting(address, fresh, store), live.following(address, fresh):
        eventually(lambda: stored_ratings(store)[user_id] == {"other": 5, "third": 2}, within=20)
        eventually(lambda: live.ratings == stored_ratings(store), within=20)
