"""A database of another program is rejected before anything is written to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, text

from ml_service.adapters.sql.database import is_migrated, migrate, open_engine, reading, require_migrated, writing
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture
def new_engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def create(engine: Engine, *names: str) -> None:
    with writing(engine) as connection:
        for name in names:
            connection.execute(text(f"CREATE TABLE {name} (price INTEGER)"))


def refusal(engine: Engine, *, beside_others: bool = False) -> str:
    with pytest.raises(Unavailable) as caught:
        migrate(engine, beside_others=beside_others)
    assert (caught.value.reason, caught.value.retryable) == ("STORE_UNUSABLE", False)
    return caught.value.detail


def test_a_database_of_another_program_is_rejected_and_not_changed(new_engine: Engine) -> None:
    create(new_engine, "orders", "accounts")

    detail = refusal(new_engine)

    assert "accounts, orders" in detail
    assert "--beside-other-tables" in detail
    assert set(inspect(new_engine).get_table_names()) == {"orders", "accounts"}


def test_no_byte_of_another_programs_sqlite_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "orders.db"
    with closing(sqlite3.connect(file)) as theirs:
        theirs.execute("CREATE TABLE orders (price INTEGER)")
    before = file.read_bytes()
    engine = open_engine(f"sqlite:///{file}")

    refusal(engine)
    is_ours = is_migrated(engine)

    engine.dispose()
    assert not is_ours
    assert [path.name for path in tmp_path.iterdir()] == ["orders.db"]
    assert file.read_bytes() == before


def test_a_sqlite_store_can_be_read_during_a_write_transaction(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)

    with writing(engine) as writer, reading(engine) as reader:
        writer.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
        seen = reader.scalar(text("SELECT count(*) FROM alembic_version"))

    engine.dispose()
    assert seen == 1
    with closing(sqlite3.connect(tmp_path / "store.db")) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_restored_backup_gets_the_write_ahead_log_when_a_service_starts(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "store.db")) as restored:
        restored.execute("PRAGMA journal_mode=DELETE")

    require_migrated(engine)

    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "store.db")) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_migration_beside_other_tables_keeps_them(new_engine: Engine) -> None:
    create(new_engine, "orders")

    migrate(new_engine, beside_others=True)

    assert is_migrated(new_engine)
    assert inspect(new_engine).has_table("orders")


def test_a_second_migration_beside_other_tables_needs_no_option(new_engine: Engine) -> None:
    create(new_engine, "orders")
    migrate(new_engine, beside_others=True)

    migrate(new_engine)

    assert is_migrated(new_engine)


def test_other_tables_that_are_added_after_the_first_migration_are_accepted(new_engine: Engine) -> None:
    migrate(new_engine)
    create(new_engine, "orders")

    migrate(new_engine)

    assert is_migrated(new_engine)


@pytest.mark.parametrize("beside_others", [False, True])
def test_another_programs_table_with_one_of_our_names_is_always_rejected(new_engine: Engine, beside_others: bool) -> None:
    create(new_engine, "items", "orders")

    detail = refusal(new_engine, beside_others=beside_others)

    assert "another program: items." in detail
    assert set(inspect(new_engine).get_table_names()) == {"items", "orders"}


def test_an_unknown_revision_is_rejected_with_advice(new_engine: Engine) -> None:
    migrate(new_engine)
    with writing(new_engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert "revision 9999" in refusal(new_engine)
    assert not is_migrated(new_engine)


def test_an_error_names_at_most_five_tables(new_engine: Engine) -> None:
    create(new_engine, *(f"table_{number}" for number in range(8)))

    assert "table_4 and 3 more" in refusal(new_engine)
