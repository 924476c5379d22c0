"""After an import replaced the data, no reader takes events of the former data, in whatever state it finds the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from harness.log_readers import Histories, LiveHistories, OwnLog, projecting, stored_ratings
from harness.waiting import eventually
from ml_service.adapters.sql.database import migrate, open_engine, reading
from ml_service.adapters.sql.store import SqlStore
from ml_service.adapters.sql.tables import erased_users
from ml_service.domain import Dataset, Item
from ml_service.handlers.importing import import_dataset
from ml_service.ports.storage import ImportMode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml_service.adapters.broker.connection import BrokerAddress
    from ml_service.adapters.broker.publisher import Publisher

#: Both data sets use the same ids.
FILMS = Dataset(tuple(Item(name, f"film {name}") for name in "abc"), ())
BOOKS = Dataset(tuple(Item(name, f"book {name}") for name in "abc"), ())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    store = SqlStore(engine)
    import_dataset(store, FILMS)
    yield store
    engine.dispose()


@pytest.fixture
def log(address: BrokerAddress, publisher: Publisher) -> OwnLog:
    return OwnLog(address, publisher)


def replace_films_by_books(store: SqlStore) -> None:
    import_dataset(store, BOOKS, ImportMode.REPLACE)


def eventually_only(ratings: Histories, address: BrokerAddress, log: OwnLog, store: SqlStore) -> None:
    """Wait until the store, and a recommender that starts now, have these ratings and no others."""
    eventually(lambda: stored_ratings(store) == ratings, within=20, what=f"{ratings} in the store")
    live = LiveHistories(store)
    with live.following(address, log):
        eventually(lambda: live.ratings == ratings, within=20, what=f"{ratings} in memory")
    live.close()


def test_events_that_no_worker_had_read_are_not_taken_into_the_new_data(
    address: BrokerAddress, log: OwnLog, store: SqlStore, user_id: str
) -> None:
    with projecting(address, log, store):
        log.record(user_id, "a", 1)
        eventually(lambda: user_id in stored_ratings(store), within=20)
    log.record(user_id, "b", 2)

    replace_films_by_books(store)

    with projecting(address, log, store):
        log.record(user_id, "c", 3)
        eventually_only({user_id: {"c": 3}}, address, log, store)


def test_a_running_projector_goes_on_with_the_events_after_the_replacement(
    address: BrokerAddress, log: OwnLog, store: SqlStore, user_id: str
) -> None:
    with projecting(address, log, store) as reader:
        log.record(user_id, "a", 1)
        eventually(lambda: user_id in stored_ratings(store), within=20)

        replace_films_by_books(store)
        log.record(user_id, "c", 3)

        eventually_only({user_id: {"c": 3}}, address, log, store)
    assert reader.status.restarts == 0


def test_a_log_that_is_read_from_its_beginning_brings_no_former_event_back(
    address: BrokerAddress, log: OwnLog, store: SqlStore, user_id: str
) -> None:
    log.record(user_id, "a", 1)
    log.record(user_id, "b", 2)

    replace_films_by_books(store)

    with projecting(address, log, store):
        log.record(user_id, "c", 3)
        eventually_only({user_id: {"c": 3}}, address, log, store)


def test_an_erasure_from_before_the_replacement_is_carried_out(address: BrokerAddress, log: OwnLog, store: SqlStore, user_id: str) -> None:
    log.record(user_id, "a", 1)
    log.erase(user_id)

    replace_films_by_books(store)

    with projecting(address, log, store):
        log.record(user_id, "c", 3)
        eventually_only({user_id: {"c": 3}}, address, log, store)
    with reading(store.engine) as connection:
        assert connection.scalars(select(erased_users.c.user_id)).all() == [user_id]
