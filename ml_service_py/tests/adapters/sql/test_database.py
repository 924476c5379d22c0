"""Transactions, migrations and the translation of errors of the SQL store."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select, text

from ml_service.adapters.sql.database import insert_new, is_migrated, migrate, open_engine, reading, writing
from ml_service.adapters.sql.tables import items, metadata
from ml_service.errors import Internal, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


def row(item_id: str) -> dict[str, object]:
    return {"item_id": item_id, "title": "A title", "year": None, "genres": []}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


def test_the_migrations_create_the_tables_that_the_code_declares(engine: Engine) -> None:
    with reading(engine) as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []
    assert is_migrated(engine)


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    with writing(engine) as connection:
        insert_new(connection, items, [row("kept")], "item_id")

    migrate(engine)

    with reading(engine) as connection:
        assert connection.scalars(select(items.c.item_id)).all() == ["kept"]


def test_a_new_database_is_not_migrated(database_url: str) -> None:
    engine = open_engine(database_url)

    assert not is_migrated(engine)
    engine.dispose()


def test_an_error_rolls_back_the_whole_transaction(engine: Engine) -> None:
    with pytest.raises(Internal), writing(engine) as connection:
        connection.execute(insert(items), [row("lost"), row("lost")])

    with reading(engine) as connection:
        assert connection.scalars(select(items.c.item_id)).all() == []


def test_two_transactions_that_read_first_and_then_write_wait_for_each_other(engine: Engine) -> None:
    both_began = threading.Barrier(2, timeout=10)

    def add(item_id: str) -> None:
        both_began.wait()
        with writing(engine) as connection:
            connection.scalars(select(items.c.item_id)).all()
            insert_new(connection, items, [row(item_id)], "item_id")

    threads = [threading.Thread(target=add, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading(engine) as connection:
        assert set(connection.scalars(select(items.c.item_id))) == {"a", "b"}


def test_a_read_transaction_sees_one_snapshot_while_others_write(engine: Engine) -> None:
    with reading(engine) as reader:
        before = reader.scalars(select(items.c.item_id)).all()
        with writing(engine) as writer:
            insert_new(writer, items, [row("later")], "item_id")

        assert reader.scalars(select(items.c.item_id)).all() == before


def test_a_store_that_does_not_answer_is_unavailable(absent_url: str) -> None:
    engine = open_engine(absent_url)

    with pytest.raises(Unavailable) as caught, reading(engine):
        pass

    assert caught.value.reason == "STORE_UNAVAILABLE"


def test_rows_that_break_a_constraint_are_an_internal_error(engine: Engine) -> None:
    with pytest.raises(Internal), writing(engine) as connection:
        connection.execute(text("INSERT INTO interactions (interaction_id, user_id, item_id) VALUES ('1', 'u', 'no such item')"))
