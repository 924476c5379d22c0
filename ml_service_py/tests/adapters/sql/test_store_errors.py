"""Errors of the store: the log contains the driver's message, and an error that an operator must fix isn't retryable."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from psycopg import OperationalError as PostgresError
from psycopg import errors as postgres_errors
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from ml_service.adapters.sql import database
from ml_service.adapters.sql.database import migrate, open_engine, reading, writing
from ml_service.adapters.sql.store_errors import translated_errors
from ml_service.errors import ServiceError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

PASSWORD = "geheim%40"


@contextmanager
def opened(path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


def refusal(engine: Engine, statement: str) -> Unavailable:
    with pytest.raises(Unavailable) as caught, writing(engine) as connection:
        connection.execute(text(statement))
    return caught.value


def found(error: ServiceError) -> tuple[str, bool, str | None]:
    return error.reason, error.retryable, error.cause


def test_a_file_that_is_not_a_database_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("no database" * 100)

    with opened(tmp_path / "store.db") as engine:
        assert found(refusal(engine, "SELECT 1")) == ("STORE_UNUSABLE", False, "file is not a database")


def test_a_table_with_other_columns_is_unusable(tmp_path: Path) -> None:
    with opened(tmp_path / "store.db") as engine:
        with writing(engine) as connection:
            connection.execute(text("CREATE TABLE items (price REAL)"))

        assert found(refusal(engine, "SELECT title FROM items")) == ("STORE_UNUSABLE", False, "no such column: title")


def test_a_full_disk_is_an_outage(tmp_path: Path) -> None:
    with opened(tmp_path / "store.db") as engine:
        migrate(engine)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            connection.rollback()
            filling = "INSERT INTO items SELECT hex(randomblob(9)), hex(randomblob(99999)), 1, '[]'"

            with pytest.raises(Unavailable) as caught, translated_errors(engine):
                connection.execute(text(filling))

    assert found(caught.value) == ("STORE_UNAVAILABLE", True, "database or disk is full")


def test_a_locked_store_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 1)
    with opened(tmp_path / "store.db") as engine, closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        migrate(engine)
        other.execute("BEGIN EXCLUSIVE")

        assert found(refusal(engine, "SELECT 1")) == ("STORE_UNAVAILABLE", True, "database is locked")


@pytest.mark.parametrize("folder", ["file", "file/below", "x" * 300])
def test_a_folder_that_can_not_be_created_is_unusable(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("in the way")

    with opened(tmp_path / folder / "store.db") as engine, pytest.raises(Unavailable) as caught:
        migrate(engine)

    assert (caught.value.reason, caught.value.retryable) == ("STORE_UNUSABLE", False)
    assert folder in (caught.value.cause or "")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PostgresError('connection failed: FATAL:  password authentication failed for user "app"'), "STORE_UNUSABLE"),
        (PostgresError('connection failed: FATAL:  database "app" does not exist'), "STORE_UNUSABLE"),
        (PostgresError('connection failed: FATAL:  no pg_hba.conf entry for host "10.0.0.1"'), "STORE_UNUSABLE"),
        (postgres_errors.UndefinedColumn("column items.title does not exist"), "STORE_UNUSABLE"),
        (postgres_errors.InsufficientPrivilege("permission denied for table items"), "STORE_UNUSABLE"),
        (PostgresError("connection failed: Connection refused"), "STORE_UNAVAILABLE"),
        (PostgresError("failed to resolve host 'db': Name or service not known"), "STORE_UNAVAILABLE"),
        (PostgresError("connection failed: FATAL:  the database system is starting up"), "STORE_UNAVAILABLE"),
        (PostgresError("connection failed: FATAL:  sorry, too many clients already"), "STORE_UNAVAILABLE"),
        (postgres_errors.DiskFull("could not extend file"), "STORE_UNAVAILABLE"),
        (postgres_errors.AdminShutdown("terminating connection due to administrator command"), "STORE_UNAVAILABLE"),
        (postgres_errors.LockNotAvailable("canceling statement due to lock timeout"), "STORE_UNAVAILABLE"),
    ],
    ids=str,
)
def test_a_permanent_error_of_postgresql_differs_from_an_outage(tmp_path: Path, error: PostgresError, reason: str) -> None:
    with opened(tmp_path / "store.db") as engine, pytest.raises(Unavailable) as caught, translated_errors(engine):
        raise OperationalError("SELECT secret_column", {}, error)

    assert (caught.value.reason, caught.value.cause) == (reason, str(error))


def test_neither_the_password_nor_the_statement_is_logged() -> None:
    engine = open_engine(f"postgresql+psycopg://app:{PASSWORD}@db.example/app")
    said = PostgresError('invalid integer value "geheim@" for connection option "port"\nmore of it')

    with capture_logs() as logs, pytest.raises(Unavailable) as caught, translated_errors(engine):
        raise OperationalError("SELECT secret_column", {"title": "secret"}, said)

    assert caught.value.cause == 'invalid integer value "***" for connection option "port"'
    assert [row["cause"] for row in logs] == [caught.value.cause]
    assert not any(secret in f"{logs} {caught.value}" for secret in ("geheim", "secret", "db.example"))


def test_the_start_and_the_end_of_an_outage_are_logged_once(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("no database" * 100)
    with opened(tmp_path / "store.db") as engine, capture_logs() as logs:
        for _ in range(3):
            refusal(engine, "SELECT 1")
        (tmp_path / "store.db").unlink()
        for _ in range(2):
            with reading(engine):
                pass

    assert [(row["event"], row["log_level"]) for row in logs] == [("store failed", "warning"), ("store answers again", "info")]


@pytest.mark.parametrize("url", ["postgresql+psycopg://app:ge:heim@db:geheim/app", "postgresql+psycopg://app@db:geheim/app", "geheim"])
def test_the_error_for_an_unusable_url_does_not_quote_it(url: str) -> None:
    with pytest.raises(ValueError, match="URL") as caught:
        open_engine(url)

    assert "geheim" not in str(caught.value)
