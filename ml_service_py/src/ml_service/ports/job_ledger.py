"""Port to the job ledger in the SQL store. Every method raises Unavailable (STORE_UNAVAILABLE) while the database doesn't answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from ml_service.domain import Job, JobOutcome, JobState
    from ml_service.errors import ServiceError
    from ml_service.ports.storage import LiveVersion


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job's row in the ledger: `outcome` if it succeeded, `error` if it failed. `spent` counts the attempts that use up retries."""

    job_id: str
    state: JobState
    attempt: int
    spent: int
    outcome: JobOutcome | None
    error: ServiceError | None


class RunsElsewhere(Exception):
    """Another attempt has the job, so this worker can't claim it now."""


class JobLedger(Protocol):
    """Port: the state of each job. An attempt writes an outcome only while its number is the job's last one (fencing token)."""

    def claim(self, job: Job, worker: str, abandoned_before: datetime = ...) -> JobRecord:
        """Begin the next attempt; return a final job as it is.

        Raise RunsElsewhere while another worker's attempt runs that began at `abandoned_before` or later.
        """

    def name_version(self, job_id: str, attempt: int, new_name: str) -> str:
        """Return the version name of the job's training: an earlier attempt's, else the new one. Raise Internal (JOB_TAKEN_OVER)."""

    def complete(self, job_id: str, attempt: int, outcome: JobOutcome, live: LiveVersion | None) -> bool:
        """Write success and the promotion in one transaction. Return False, and write nothing, if `live` isn't live any more.

        Raise Internal (JOB_TAKEN_OVER) if another attempt has the job.
        """

    def succeed(self, job_id: str, attempt: int, outcome: JobOutcome) -> bool:
        """Write the outcome; return False if the attempt isn't the last one or has ended. So do the next four."""

    def fail(self, job_id: str, attempt: int, error: ServiceError) -> bool: ...

    def cancel(self, job_id: str, attempt: int) -> bool: ...

    def requeue(self, job_id: str, attempt: int) -> bool: ...

    def hand_back(self, job_id: str, attempt: int) -> bool:
        """Queue the job again without counting the attempt."""

    def revive(self, job_id: str, *, has_no_worker: bool = False) -> JobRecord | None:
        """Queue a failed job again with all its retries, and a running one if no worker has it. Return None for an unknown job."""

    def cancel_queued(self, job_id: str) -> JobRecord | None:
        """Cancel a job that waits or is unknown. Return None if it runs or is final."""

    def add_queued(self, job: Job) -> bool:
        """Add a job that waits. Return False if the ledger has it already."""

    def find(self, job_id: str) -> JobRecord | None: ...

    def list_expired(self, ended_before: datetime, abandoned_before: datetime, limit: int) -> list[str]:
        """Return at most `limit` ids of jobs that ended before, or that nobody has touched since `abandoned_before`."""

    def forget(self, job_id: str, ended_before: datetime, abandoned_before: datetime) -> None:
        """Delete the row, unless the job was replayed meanwhile."""
