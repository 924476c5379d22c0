"""Runs one attempt at a time in the job process, and ends it on a cancel request, at its deadline, or when the worker stops."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ml_service.domain import JobOutcome, Progress
from ml_service.entrypoints.worker.job_process import JobProcess
from ml_service.errors import DeadlineExceeded, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from ml_service.domain import Attempt
    from ml_service.entrypoints.worker.job_process import JobRunner

    #: Publishes a progress, and returns whether it reached the log.
    OnProgress = Callable[[Attempt, Progress], bool]

log = structlog.get_logger()

#: The shortest time between two messages about a running job's progress.
PROGRESS_SECONDS = 0.5
#: How soon a message of the job, a cancel request, the deadline or a stop is noticed.
TICK_SECONDS = 0.1
#: A job process that dies while idle is replaced no more often than this.
REVIVE_SECONDS = 5.0


class Interrupted(Exception):
    """The worker stops before the job has finished."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The attempt was ended by a cancel request."""


Ending = JobOutcome | ServiceError | Cancelled


class Supervisor:
    """Owns the job process. All methods except `interrupt` and `is_warm` belong to one thread."""

    def __init__(self, open_runner: Callable[[], JobRunner], cancel_requests: Container[str], deadline_seconds: float) -> None:
        self._open_runner = open_runner
        self._cancel_requests = cancel_requests
        self._deadline_seconds = deadline_seconds
        self._interrupted = threading.Event()
        self._spawned_at = time.monotonic()
        self._process = JobProcess(open_runner)

    @property
    def is_warm(self) -> bool:
        """Whether the process runs and has imported its modules."""
        return self._process.is_warm

    def keep_warm(self) -> None:
        """Notice that the process is warm, and replace one that died. The worker calls it while it is idle."""
        if self._process.is_alive:
            self._process.poll(0)
        elif time.monotonic() - self._spawned_at > REVIVE_SECONDS:
            self._revive()

    def run(self, attempt: Attempt, on_progress: OnProgress) -> Ending:
        """Run the attempt and return how it ended. Raise Interrupted if the worker stops first."""
        if attempt.job.job_id in self._cancel_requests:
            return Cancelled()
        if not self._process.is_alive:
            self._revive()
        self._process.submit(attempt)
        try:
            return self._watch(attempt, on_progress)
        except Exception:
            # Otherwise the process would go on, and the next attempt would get this one's outcome.
            self._process.kill()
            raise

    def _watch(self, attempt: Attempt, on_progress: OnProgress) -> Ending:
        deadline = time.monotonic() + self._deadline_seconds
        progress, published, publish_at = Progress(0, "Starting"), None, time.monotonic()
        while True:
            match self._process.poll(TICK_SECONDS):
                case Progress() as newer:
                    progress = newer
                case JobOutcome() | ServiceError() as ending:
                    # Publish the last step: a short job ends before the next regular publication.
                    if progress.percent > 0 and progress != published:
                        on_progress(attempt, progress)
                    return ending
            if cause := self._cause_to_end(attempt, deadline):
                self._process.kill()
                return cause
            # Publish a progress once, and again only if it didn't reach the log.
            if progress != published and time.monotonic() >= publish_at:
                published = progress if on_progress(attempt, progress) else published
                publish_at = time.monotonic() + PROGRESS_SECONDS

    def interrupt(self) -> None:
        """End the running attempt, from any thread."""
        self._interrupted.set()

    def wait_or_interrupted(self, seconds: float) -> bool:
        return self._interrupted.wait(seconds)

    def close(self) -> None:
        self._process.kill()

    def _cause_to_end(self, attempt: Attempt, deadline: float) -> Cancelled | DeadlineExceeded | None:
        if self._interrupted.is_set():
            raise Interrupted
        if attempt.job.job_id in self._cancel_requests:
            return Cancelled()
        if time.monotonic() > deadline:
            return DeadlineExceeded("JOB_DEADLINE_EXCEEDED", f"The job ran longer than {self._deadline_seconds:g} s. Ask for less work.")
        return None

    def _revive(self) -> None:
        """Replace a process that died. If the system can't start another, the dead one stays, and its jobs fail."""
        self._spawned_at = time.monotonic()
        try:
            self._process = JobProcess(self._open_runner)
        except OSError as error:
            log.warning("job process not started", error=repr(error))
