"""The Python service's own tests of the SQL store, on PostgreSQL. In its own folder they run on SQLite."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import make_url, text

from harness.ports import LOOPBACK, free_ports
from harness.postgres import running_postgres
from harness.stack import PYTHON_PATH
from ml_service.adapters.sql.database import is_migrated, migrate, open_engine, reading, writing
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.adapters.sql.store import SqlStore
from ml_service.domain import Job, JobOutcome
from ml_service.errors import Internal, Unavailable

SUITES = (
    "test_database",
    "test_erasures",
    "test_foreign_tables",
    "test_imported_rows",
    "test_interaction_log",
    "test_job_ledger",
    "test_store",
)
pytest.register_assert_rewrite(*(f"adapters.sql.{suite}" for suite in SUITES), "handlers.test_import_over_data")

import sample  # noqa: E402
from adapters.sql.test_database import *  # noqa: E402, F403
from adapters.sql.test_erasures import *  # noqa: E402, F403
from adapters.sql.test_foreign_tables import *  # noqa: E402, F403
from adapters.sql.test_imported_rows import *  # noqa: E402, F403
from adapters.sql.test_interaction_log import *  # noqa: E402, F403
from adapters.sql.test_job_ledger import *  # noqa: E402, F403
from adapters.sql.test_store import *  # noqa: E402, F403
from handlers.test_import_over_data import *  # noqa: E402, F403

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.postgres import PostgresServer


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres: PostgresServer) -> str:
    return postgres.create_database()


@pytest.fixture
def absent_url() -> str:
    (port,) = free_ports(1)
    return f"postgresql+psycopg://nobody@{LOOPBACK}:{port}/nothing"


@pytest.fixture
def empty_store(database_url: str) -> Iterator[SqlStore]:
    engine = open_engine(database_url)
    migrate(engine)
    yield SqlStore(engine)
    engine.dispose()


@pytest.fixture
def store(empty_store: SqlStore) -> SqlStore:
    empty_store.import_data(sample.ITEMS, sample.INTERACTIONS)
    return empty_store


def test_an_outcome_that_the_store_can_not_hold_is_a_bug_not_an_outage(empty_store: SqlStore) -> None:
    ledger, job = SqlJobLedger(empty_store.engine), Job("job-1", "export")
    attempt = ledger.claim(job, "worker").attempt

    with pytest.raises(Internal):
        ledger.succeed(job.job_id, attempt, JobOutcome({"users": float("nan")}))


def test_processes_that_migrate_at_the_same_time_wait_for_each_other(database_url: str) -> None:
    command = [sys.executable, "-m", "ml_service", "migrate"]
    variables = {**os.environ, "PYTHONPATH": PYTHON_PATH, "DATABASE_URL": database_url, "REGISTRY_URL": "unused"}
    processes = [subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL) for _ in range(3)]

    exit_codes = [process.wait() for process in processes]

    engine = open_engine(database_url)
    assert exit_codes == [0, 0, 0]
    assert is_migrated(engine)
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "reason", "cause"),
    [
        ({"password": "geheim"}, "STORE_UNUSABLE", "password authentication failed"),
        ({"database": "nowhere"}, "STORE_UNUSABLE", 'database "nowhere" does not exist'),
        ({"host": "nowhere.invalid"}, "STORE_UNAVAILABLE", "failed to resolve host"),
    ],
    ids=["password", "database", "host"],
)
def test_a_refusal_and_an_outage_of_the_server_have_different_reasons(
    database_url: str, change: dict[str, Any], reason: str, cause: str
) -> None:
    engine = open_engine(make_url(database_url).set(**change).render_as_string(hide_password=False))

    with pytest.raises(Unavailable) as caught, reading(engine):
        pass

    engine.dispose()
    assert (caught.value.reason, caught.value.retryable) == (reason, reason == "STORE_UNAVAILABLE")
    assert cause in str(caught.value.cause)
    assert "geheim" not in str(caught.value.cause)


def test_a_missing_column_makes_the_store_unusable(empty_store: SqlStore) -> None:
    with writing(empty_store.engine) as connection:
        connection.execute(text("ALTER TABLE items DROP COLUMN title"))

    with pytest.raises(Unavailable) as caught:
        empty_store.load_catalogue()

    assert (caught.value.reason, caught.value.cause) == ("STORE_UNUSABLE", "column items.title does not exist")
