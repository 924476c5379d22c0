"""Jobs, files and remains go when their time is over, and others stay."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
import sample
from sqlalchemy import update

from ml_service.adapters.sql.database import writing
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.adapters.sql.tables import jobs
from ml_service.domain import Job, JobOutcome
from ml_service.errors import NotFound
from ml_service.handlers.jobs.expiry import REMAINS_AFTER, remove_expired
from ml_service.handlers.jobs.service import JOB_WINDOW

if TYPE_CHECKING:
    from pathlib import Path

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore

JOB_ID = "job-1"
HOUR = timedelta(hours=1)


@pytest.fixture
def ledger(empty_store: SqlStore) -> SqlJobLedger:
    return SqlJobLedger(empty_store.engine)


def run(ledger: SqlJobLedger, registry: FileRegistry, job_id: str = JOB_ID, *, is_finished: bool = True) -> None:
    attempt = ledger.claim(Job(job_id, "train"), "worker").attempt
    registry.save_result(job_id, attempt, "table.csv", "text/csv", [b"1"])
    if is_finished:
        ledger.succeed(job_id, attempt, JobOutcome({}))


def age(ledger: SqlJobLedger, by: timedelta) -> None:
    """Makes all that the ledger knows look as old as that."""
    with writing(ledger._engine) as connection:
        connection.execute(update(jobs).values(updated_at=datetime.now(UTC) - by))


def age_files(folder: Path, by: timedelta) -> None:
    then = (datetime.now(UTC) - by).timestamp()
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (then, then))


def has_file(registry: FileRegistry, job_id: str = JOB_ID) -> bool:
    try:
        registry.open_result(job_id)[1].close()
    except NotFound:
        return False
    return True


@pytest.mark.parametrize(
    ("is_finished", "age_of_job", "stays"),
    [
        (True, JOB_WINDOW - HOUR, True),
        (True, JOB_WINDOW + HOUR, False),
        (False, JOB_WINDOW + HOUR, True),
        (False, 2 * JOB_WINDOW - HOUR, True),
        (False, 2 * JOB_WINDOW + HOUR, False),
    ],
)
def test_a_job_and_its_file_are_removed_after_the_job_window(
    ledger: SqlJobLedger, registry: FileRegistry, is_finished: bool, age_of_job: timedelta, stays: bool
) -> None:
    run(ledger, registry, is_finished=is_finished)
    age(ledger, age_of_job)

    remove_expired(ledger, registry)

    assert (ledger.find(JOB_ID) is not None, has_file(registry)) == (stays, stays)


def test_expired_jobs_are_removed_in_parts_and_the_registry_is_swept_after_the_last_part(
    ledger: SqlJobLedger, registry: FileRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for job_id in ("job-1", "job-2", "job-3"):
        run(ledger, registry, job_id)
    age(ledger, JOB_WINDOW + HOUR)
    monkeypatch.setattr("ml_service.handlers.jobs.expiry.EXPIRED_AT_ONCE", 2)
    sweeps = Mock(return_value=[])
    monkeypatch.setattr(registry, "sweep", sweeps)

    is_more = [remove_expired(ledger, registry), remove_expired(ledger, registry)]

    assert is_more == [True, False]
    assert sweeps.call_count == 1
    assert [ledger.find(job_id) for job_id in ("job-1", "job-2", "job-3")] == [None] * 3


@pytest.mark.parametrize(("age_of_file", "stays"), [(2 * JOB_WINDOW - HOUR, True), (2 * JOB_WINDOW + HOUR, False)])
def test_a_file_without_a_job_in_the_ledger_is_removed(
    ledger: SqlJobLedger, registry: FileRegistry, tmp_path: Path, age_of_file: timedelta, stays: bool
) -> None:
    registry.save_result(JOB_ID, 1, "table.csv", "text/csv", [b"1"])
    age_files(tmp_path / "registry", age_of_file)

    remove_expired(ledger, registry)

    assert has_file(registry) == stays


@pytest.mark.parametrize(("age_of_remains", "stays"), [(REMAINS_AFTER - HOUR, True), (REMAINS_AFTER + HOUR, False)])
def test_files_of_a_dead_writer_are_removed_after_a_day_and_versions_stay(
    ledger: SqlJobLedger, registry: FileRegistry, tmp_path: Path, age_of_remains: timedelta, stays: bool
) -> None:
    version = sample.save_model(registry).version
    remains = tmp_path / "registry" / "models" / "20240501T123000Z-00000000" / "model-00000000.npz"
    remains.parent.mkdir()
    remains.write_bytes(b"half")
    age_files(tmp_path / "registry", age_of_remains)

    remove_expired(ledger, registry)

    assert remains.exists() == stays
    assert registry.load(version).item_ids.size == 10
