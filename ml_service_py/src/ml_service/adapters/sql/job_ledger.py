"""What workers know of each job, in the SQL store. An outcome is written only by the attempt that claimed the job last."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, null, select, update

from ml_service.adapters.sql.database import insert_new, reading, writing
from ml_service.adapters.sql.store import set_live
from ml_service.adapters.sql.tables import jobs
from ml_service.domain import Job, JobFile, JobOutcome, JobState
from ml_service.errors import Internal, error_of
from ml_service.ports.job_ledger import JobRecord, RunsElsewhere

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Engine

    from ml_service.errors import ServiceError
    from ml_service.ports.storage import LiveVersion

FINAL_STATES = tuple(state.value for state in JobState if state.is_final)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)
#: The kind of a job that was cancelled before any worker saw it.
KIND_UNSEEN = ""


class SqlJobLedger:
    """All methods raise Unavailable (STORE_UNAVAILABLE) while the database doesn't answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, job: Job, worker: str, abandoned_before: datetime = END_OF_TIME) -> JobRecord:
        """Begins the next attempt and gives the row; a job that is final stays as it is.

        Raises RunsElsewhere where another worker has it, by an attempt that began at this time or later.
        """
        with writing(self._engine) as connection:
            first = _new_row(job.job_id, job.kind, JobState.RUNNING) | {"attempt": 1, "spent_attempts": 1, "worker": worker}
            if insert_new(connection, jobs, [first], "job_id"):
                return JobRecord(job.job_id, JobState.RUNNING, attempt=1, spent=1, outcome=None, error=None)
            claimed = {"state": JobState.RUNNING.value, "kind": job.kind, "worker": worker}
            counted = {"attempt": jobs.c.attempt + 1, "spent_attempts": jobs.c.spent_attempts + 1}
            # A worker that asks for what it has didn't hear that it got it.
            is_free = (jobs.c.state == JobState.QUEUED.value) | (jobs.c.worker == worker) | (jobs.c.updated_at < abandoned_before)
            is_claimed = _change(connection, job.job_id, jobs.c.state.not_in(FINAL_STATES) & is_free, claimed | counted)
            record = _read(connection, job.job_id)
            if not is_claimed and not record.state.is_final:
                raise RunsElsewhere
            return record

    def name_version(self, job_id: str, attempt: int, new_name: str) -> str:
        """The name under which the job's training writes: the new one, or the one that an earlier attempt was given.

        Raises Internal (JOB_TAKEN_OVER) where another attempt has the job.
        """
        with writing(self._engine) as connection:
            named = {"model_version": func.coalesce(jobs.c.model_version, new_name)}
            _require(job_id, attempt, is_written=_change(connection, job_id, _is_held(attempt), named))
            return str(connection.scalar(select(jobs.c.model_version).where(jobs.c.job_id == job_id)))

    def complete(self, job_id: str, attempt: int, outcome: JobOutcome, live: LiveVersion | None) -> bool:
        """Success, and with it in one transaction what it promoted; False, and nothing, where `live` isn't live any more.

        Raises Internal (JOB_TAKEN_OVER) where another attempt has the job.
        """
        with writing(self._engine) as connection:
            if outcome.promoted and not set_live(connection, live, outcome.model_version):
                return False
            succeeded = {"state": JobState.SUCCEEDED.value, "outcome": asdict(outcome)}
            _require(job_id, attempt, is_written=_change(connection, job_id, _is_held(attempt), succeeded))
            return True

    def succeed(self, job_id: str, attempt: int, outcome: JobOutcome) -> bool:
        """The methods of outcomes say whether they wrote: False where the attempt isn't the last one, or was ended."""
        return self._settle(job_id, attempt, JobState.SUCCEEDED, {"outcome": asdict(outcome)})

    def fail(self, job_id: str, attempt: int, error: ServiceError) -> bool:
        return self._settle(job_id, attempt, JobState.FAILED, {"error": {"reason": error.reason, "detail": error.detail}})

    def cancel(self, job_id: str, attempt: int) -> bool:
        return self._settle(job_id, attempt, JobState.CANCELLED, {})

    def requeue(self, job_id: str, attempt: int) -> bool:
        return self._settle(job_id, attempt, JobState.QUEUED, {})

    def hand_back(self, job_id: str, attempt: int) -> bool:
        """As `requeue`, but the attempt doesn't count: it was broken off for no fault of the job."""
        return self._settle(job_id, attempt, JobState.QUEUED, {"spent_attempts": jobs.c.spent_attempts - 1})

    def revive(self, job_id: str, *, has_no_worker: bool = False) -> JobRecord | None:
        """A job that failed waits again, with all its attempts before it, and one that runs where no worker has it any more.

        Any other stays as it is. None where there is no such job.
        """
        states = (JobState.FAILED.value, JobState.RUNNING.value) if has_no_worker else (JobState.FAILED.value,)
        revived = {"state": JobState.QUEUED.value, "spent_attempts": 0, "error": null()}
        with writing(self._engine) as connection:
            _change(connection, job_id, jobs.c.state.in_(states), revived)
            return _find(connection, job_id)

    def cancel_queued(self, job_id: str) -> JobRecord | None:
        """Cancels a job that no worker runs; None where one does, or where the job is final."""
        with writing(self._engine) as connection:
            cancelled = insert_new(connection, jobs, [_new_row(job_id, KIND_UNSEEN, JobState.CANCELLED)], "job_id") == 1 or _change(
                connection, job_id, jobs.c.state == JobState.QUEUED.value, {"state": JobState.CANCELLED.value}
            )
            return _read(connection, job_id) if cancelled else None

    def add_queued(self, job: Job) -> bool:
        """Notes a job that waits and that no worker has seen; False where the ledger has it already."""
        with writing(self._engine) as connection:
            return insert_new(connection, jobs, [_new_row(job.job_id, job.kind, JobState.QUEUED)], "job_id") == 1

    def find(self, job_id: str) -> JobRecord | None:
        with reading(self._engine) as connection:
            return _find(connection, job_id)

    def list_expired(self, ended_before: datetime, abandoned_before: datetime, limit: int) -> list[str]:
        """Return the ids of jobs that ended before, and of others that nobody has touched since, at most `limit` of them."""
        query = select(jobs.c.job_id).where(_is_expired(ended_before, abandoned_before)).limit(limit)
        with reading(self._engine) as connection:
            return list(connection.scalars(query))

    def forget(self, job_id: str, ended_before: datetime, abandoned_before: datetime) -> None:
        """Do nothing where the job was replayed meanwhile."""
        with writing(self._engine) as connection:
            connection.execute(delete(jobs).where(jobs.c.job_id == job_id, _is_expired(ended_before, abandoned_before)))

    def _settle(self, job_id: str, attempt: int, state: JobState, values: dict[str, Any]) -> bool:
        with writing(self._engine) as connection:
            return _change(connection, job_id, _is_held(attempt), {"state": state.value, **values})


def _is_held(attempt: int) -> ColumnElement[bool]:
    """Whether the attempt is the last one, and runs."""
    return (jobs.c.attempt == attempt) & (jobs.c.state == JobState.RUNNING.value)


def _is_expired(ended_before: datetime, abandoned_before: datetime) -> ColumnElement[bool]:
    return ((jobs.c.updated_at < ended_before) & jobs.c.state.in_(FINAL_STATES)) | (jobs.c.updated_at < abandoned_before)


def _require(job_id: str, attempt: int, *, is_written: bool) -> None:
    if not is_written:
        raise Internal("JOB_TAKEN_OVER", f"Attempt {attempt} at the job {job_id} is over: another one has it, or it was ended.")


def _change(connection: Connection, job_id: str, where: ColumnElement[bool], values: dict[str, Any]) -> bool:
    statement = update(jobs).where(jobs.c.job_id == job_id, where).values(updated_at=datetime.now(UTC), **values)
    return connection.execute(statement).rowcount == 1


def _find(connection: Connection, job_id: str) -> JobRecord | None:
    row = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).mappings().one_or_none()
    return _record(dict(row)) if row else None


def _read(connection: Connection, job_id: str) -> JobRecord:
    return _record(dict(connection.execute(select(jobs).where(jobs.c.job_id == job_id)).mappings().one()))


def _new_row(job_id: str, kind: str, state: JobState) -> dict[str, Any]:
    new = {"attempt": 0, "spent_attempts": 0, "worker": "", "updated_at": datetime.now(UTC)}
    return {"job_id": job_id, "kind": kind, "state": state.value, **new}


def _record(row: dict[str, Any]) -> JobRecord:
    outcome, error = row["outcome"], row["error"]
    return JobRecord(
        job_id=row["job_id"],
        state=JobState(row["state"]),
        attempt=row["attempt"],
        spent=row["spent_attempts"],
        outcome=_outcome(outcome) if outcome else None,
        error=error_of(error["reason"], error["detail"]) if error else None,
    )


def _outcome(stored: dict[str, Any]) -> JobOutcome:
    return JobOutcome(**{**stored, "file": JobFile(**stored["file"]) if stored["file"] else None})
