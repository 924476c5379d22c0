"""Ports to what stays on disk: the SQL store, the job ledger in it, and the registry of model versions and job files.

Every method of the store and the ledger raises Unavailable (STORE_UNAVAILABLE) while the database doesn't answer, every method of the
registry Unavailable (REGISTRY_UNAVAILABLE) while its files can't be reached. All may be called from any thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from array import array
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from ml_service.domain import Interaction, Item, Job, JobFile, JobOutcome, JobState, LogPosition, ModelVersion
    from ml_service.errors import ServiceError
    from ml_service.model.ratings import Ratings
    from ml_service.model.scoring import ItemItemModel

#: The time and the row of the last interaction on a page: the next page goes on after it.
PagePosition = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class StoredHistories:
    """The latest rating of each user and item, and the position in the log up to which the store has read.

    `moments`: the time of each rating, by user and in the order of `ratings` (see `domain.moment_of`).
    `recent_ids`: the last interaction ids, oldest first, each with its user. `erased_offsets`: the offset at which a user was erased.
    """

    ratings: Mapping[str, Mapping[str, float | None]]
    moments: Mapping[str, array[int]]
    position: LogPosition | None
    recent_ids: Mapping[str, str]
    erased_offsets: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredPage:
    """Interactions, newest first; where the next page begins (None on the last); the offset up to which the store has read the log."""

    rows: tuple[tuple[Interaction, Item], ...]
    next_position: PagePosition | None
    as_of_offset: int | None


@dataclass(frozen=True, slots=True)
class ImportedRows:
    """How many interactions an import added, and how many it left out because their users are erased."""

    new: int
    left_out: int


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """The model version that serves. `revision` counts the changes, for compare-and-set."""

    version: str
    revision: int


class Store(Protocol):
    """Port: the SQL store of catalogue, interactions and the live model version."""

    def load_catalogue(self) -> tuple[Item, ...]: ...

    def load_histories(self, recent: int) -> StoredHistories:
        """Read histories and log position in one transaction, with the last `recent` interaction ids."""

    def load_ratings(self) -> Ratings:
        """Return the latest rating of each user and item, in the order in which they were written."""

    def list_interactions(self, user_id: str, limit: int, after: PagePosition | None) -> StoredPage:
        """Return one page of a user's interactions, newest first."""

    def count_interactions(self) -> int: ...

    def import_data(self, new_items: Sequence[Item], new_interactions: Iterable[Interaction]) -> ImportedRows:
        """Write all or nothing. Update known items, keep known interactions, skip those of erased users."""

    def read_live(self) -> LiveVersion | None: ...

    def compare_and_set_live(self, expected: LiveVersion | None, version: str) -> bool:
        """Make the version live, unless another went live since `expected` was read. Return whether it did."""


class Registry(Protocol):
    """Port: the files of model versions and of jobs. A version or a job's file counts only once its last file is written."""

    def save(  # noqa: PLR0913
        self,
        model: ItemItemModel,
        *,
        estimator: str,
        params: dict[str, Any],
        metrics: dict[str, float],
        data: dict[str, Any],
        name: str | None = None,
    ) -> ModelVersion:
        """Write a version, under a new name where none is given. If two writers use one name, the first counts."""

    def list_versions(self) -> list[str]:
        """Return the names of all versions, newest first."""

    def describe(self, version: str) -> ModelVersion:
        """Raise NotFound (MODEL_VERSION_UNKNOWN) or Unavailable (MODEL_VERSION_UNUSABLE)."""

    def export_manifest(self, version: str) -> dict[str, Any]:
        """Return the manifest as JSON values. Errors as `describe`."""

    def load(self, version: str) -> ItemItemModel:
        """Read a version's arrays after comparing their hash. Errors as `describe`."""

    def save_result(self, job_id: str, attempt: int, name: str, media_type: str, chunks: Iterable[bytes]) -> JobFile:
        """Write the file of one attempt at a job."""

    def open_result(self, job_id: str) -> tuple[JobFile, Generator[bytes]]:
        """Return the file of the last attempt and its bytes in chunks. Raise NotFound (JOB_RESULT_MISSING)."""

    def remove_results(self, job_id: str) -> None: ...

    def sweep(self, remains_before: datetime, results_before: datetime) -> list[str]:
        """Remove files that belong to no version and no job, if nobody wrote to them since. Return their names."""


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
