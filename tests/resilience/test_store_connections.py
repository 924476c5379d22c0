"""Connections to PostgreSQL: broken ones are replaced, and no client waits forever for a frozen server or a frozen lock holder."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import Engine, text

from harness.postgres import running_postgres
from ml_service.adapters.sql import postgres
from ml_service.adapters.sql.database import insert_new, is_migrated, migrate, open_engine, reading, writing
from ml_service.adapters.sql.store import SqlStore
from ml_service.adapters.sql.tables import items
from ml_service.errors import Unavailable
from ml_service.model.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.postgres import PostgresServer

#: The advisory lock that env.py of the migrations takes.
MIGRATION_LOCK = 20241122
FILM: dict[str, Any] = {"item_id": "film", "title": "A film", "year": None, "genres": []}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def database_url(server: PostgresServer) -> str:
    return server.create_database()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def paused(server: PostgresServer, engine: Engine) -> Iterator[PostgresServer]:
    """A frozen server, with a connection in the engine's pool that was used before."""
    assert count_items(engine) == 0
    server.pause()
    yield server
    server.unpause()


def count_items(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.scalar(text("SELECT count(*) FROM items")) or 0)


def migrate_slowly(database_url: str, is_locked: threading.Event) -> None:
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        is_locked.set()
        connection.execute("SELECT pg_sleep(1)")


def lock_interactions_slowly(database_url: str, is_locked: threading.Event) -> None:
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("LOCK TABLE interactions")
        is_locked.set()
        connection.execute("SELECT pg_sleep(1)")


def add_film(engine: Engine) -> None:
    with writing(engine) as connection:
        insert_new(connection, items, [FILM], "item_id")


def test_connections_that_the_server_ended_are_replaced(server: PostgresServer, engine: Engine) -> None:
    add_film(engine)

    server.end_connections()

    assert count_items(engine) == 1


def test_a_server_that_was_killed_and_restarted_is_used_again(server: PostgresServer, engine: Engine) -> None:
    add_film(engine)

    server.kill()
    with pytest.raises(Unavailable):
        count_items(engine)
    server.start()

    assert count_items(engine) == 1


def test_a_frozen_server_is_unavailable_after_a_bounded_time(
    paused: PostgresServer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "READ_TIMEOUT_SECONDS", 1.0)

    with pytest.raises(Unavailable) as caught:
        count_items(engine)
    paused.unpause()

    assert caught.value.reason == "STORE_UNAVAILABLE"
    assert count_items(engine) == 0


def test_a_migration_waits_as_long_as_another_one_takes(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "READ_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(postgres, "OPTIONS", postgres.OPTIONS.replace("lock_timeout=5s", "lock_timeout=200ms"))
    engine, is_locked = open_engine(database_url), threading.Event()
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(migrate_slowly, database_url, is_locked)
        assert is_locked.wait(20)

        migrate(engine)

    assert slow.exception() is None
    assert is_migrated(engine)
    engine.dispose()


def test_counting_a_large_store_may_take_longer_than_the_read_timeout(
    database_url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "READ_TIMEOUT_SECONDS", 0.2)
    is_locked = threading.Event()
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(lock_interactions_slowly, database_url, is_locked)
        assert is_locked.wait(20)

        sizes = SqlStore(engine).count_sizes()

    assert slow.exception() is None
    assert sizes == Sizes(0, 0, 0)


def test_a_writer_frozen_in_its_transaction_loses_its_locks(database_url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "OPTIONS", postgres.OPTIONS.replace("30s", "1s"))
    hasty = open_engine(database_url)

    def hold_the_row_and_say_nothing() -> None:
        with writing(hasty) as connection:
            insert_new(connection, items, [FILM], "item_id")
            add_film(engine)

    with pytest.raises(Unavailable):
        hold_the_row_and_say_nothing()

    assert count_items(engine) == 1
    hasty.dispose()
