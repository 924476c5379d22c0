"""A reader whose position the log's retention has removed reports that, and reads again what the store and the log still have."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from harness.log_readers import STARTED_OVER, TINY, LiveHistories, OwnLog, projecting, stored_ratings
from harness.waiting import eventually
from ml_service.adapters.sql.database import migrate, open_engine
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.adapters.sql.store import SqlStore
from ml_service.domain import Interaction, Item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml_service.adapters.broker.connection import BrokerAddress
    from ml_service.adapters.broker.publisher import Publisher

FELL_BEHIND = f"stream has deleted unread messages{STARTED_OVER}"
FILM, OTHER, THIRD = (Item(name, name) for name in ("film", "other", "third"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A store with a rating that no log ever held."""
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    store = SqlStore(engine)
    store.import_data([FILM, OTHER, THIRD], [Interaction(str(uuid4()), "imported", "film", 2.0, None)])
    yield store
    engine.dispose()


@pytest.fixture
def log(address: BrokerAddress, publisher: Publisher) -> OwnLog:
    return OwnLog(address, publisher, TINY)


@pytest.fixture
def live(store: SqlStore) -> Iterator[LiveHistories]:
    live = LiveHistories(store)
    yield live
    live.close()


@contextmanager
def rows_of(event: str) -> Iterator[list[dict[str, Any]]]:
    """Collect the log rows with this event. The list is filled when the block ends."""
    rows: list[dict[str, Any]] = []
    with capture_logs() as logged:
        yield rows
    rows += [dict(row) for row in logged if row["event"] == event]


def eventually_stored(store: SqlStore, user_id: str, ratings: dict[str, float]) -> None:
    eventually(lambda: stored_ratings(store).get(user_id) == ratings, within=20, what=f"{ratings} of {user_id}")


def test_a_recommender_behind_the_retention_has_what_only_the_store_kept(
    address: BrokerAddress, log: OwnLog, store: SqlStore, live: LiveHistories, user_id: str
) -> None:
    with projecting(address, log, store), rows_of(FELL_BEHIND) as rows:
        log.record(user_id, "film", 1)
        with live.following(address, log):
            eventually(lambda: live.ratings.get(user_id) == {"film": 1}, within=20)
        log.record(user_id, "other", 5)
        eventually_stored(store, user_id, {"film": 1, "other": 5})
        log.drop_up_to(live.offset + 1)
        log.record(user_id, "third", 3)
        eventually_stored(store, user_id, {"film": 1, "other": 5, "third": 3})

        with live.following(address, log) as reader:
            eventually(lambda: live.ratings == stored_ratings(store), within=20)

    assert live.ratings["imported"] == {"film": 2}
    assert reader.status.restarts == 1
    assert [(row["log_level"], row["lost_at_most"] > 0) for row in rows] == [("error", True)]


def test_a_projector_behind_the_retention_reports_how_much_it_missed(
    address: BrokerAddress, log: OwnLog, store: SqlStore, user_id: str
) -> None:
    with projecting(address, log, store):
        log.record(user_id, "film", 1)
        eventually_stored(store, user_id, {"film": 1})
    before = SqlInteractionLog(store.engine).read_position()
    assert before is not None
    log.record(user_id, "other", 5)
    log.drop_up_to(before.offset + 1)
    log.record(user_id, "third", 3)

    with rows_of(FELL_BEHIND) as rows, projecting(address, log, store) as reader:
        eventually_stored(store, user_id, {"film": 1, "third": 3})

    assert reader.status.restarts == 1
    assert [row["expected"] for row in rows] == [before]
    assert rows[0]["lost_at_most"] >= 1


def test_histories_equal_the_store_after_both_readers_fell_behind_the_retention(
    address: BrokerAddress, log: OwnLog, store: SqlStore, live: LiveHistories, user_id: str
) -> None:
    with projecting(address, log, store):
        log.record(user_id, "film", 1)
        eventually_stored(store, user_id, {"film": 1})
    with live.following(address, log):
        log.record(user_id, "other", 5)
        eventually(lambda: live.ratings.get(user_id) == {"film": 1, "other": 5}, within=20)
    log.drop_up_to(live.offset)
    log.record(user_id, "third", 3)

    with projecting(address, log, store), live.following(address, log):
        eventually_stored(store, user_id, {"film": 1, "third": 3})
        eventually(lambda: live.ratings == stored_ratings(store), within=20)
