"""Finds the first command of each job in the stream `job-events`. Only the first counts, as gateways read jobs from this stream."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from ml_service.domain import Job
from ml_service.errors import Unavailable
from ml_service.handlers.jobs.service import JOB_WINDOW

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ml_service.ports.messaging import JobCommands, JobEvent, ReceivedMessage

#: Commands kept in memory.
REMEMBERED = 10_000
#: How long to wait for the stream to deliver a command that the queue has delivered already.
WAIT_SECONDS = 2.0
#: The UUID version of ids that the gateway derives from an Idempotency-Key. All other ids are used once.
DERIVED = 5


class FirstCommands:
    """Two bodies with one Idempotency-Key may have one order in the queue and the other in the stream.

    If the broker dies while it routes a command, the queue may have it and the stream not. May be used from any thread.
    """

    def __init__(self, commands: JobCommands) -> None:
        self._commands = commands
        self._first: dict[str, Job] = {}
        self._unkeyed: dict[str, None] = {}
        self._read_until: datetime | None = None
        self._has_read = threading.Condition()

    def on_events(self, events: Sequence[JobEvent]) -> None:
        with self._has_read:
            for event in events:
                if isinstance(event.content, Job):
                    self._note(event.content)
            self._has_read.notify_all()

    def on_restart(self) -> None:
        with self._has_read:
            self._first.clear()
            self._unkeyed.clear()
            self._read_until = None

    def is_superseded(self, job: Job, message: ReceivedMessage) -> bool:
        """Return whether another command with this id came first in the stream. Raise Unavailable (BROKER_UNAVAILABLE) until that is known.

        If the stream hasn't delivered the command in time, append it: the reader may be behind, or the stream may not have it.
        """
        if _is_derived(job.job_id):
            return self._is_later(job, message)
        self._ensure_in_log(job, message)
        return False

    def _is_later(self, job: Job, message: ReceivedMessage) -> bool:
        """Once the reader has the appended command, it has all commands before it."""
        with self._has_read:
            if self._has_read.wait_for(lambda: self._knows_first(job), WAIT_SECONDS):
                return self._first[job.job_id] != job
        self._commands.append_to_log(message)
        raise Unavailable("BROKER_UNAVAILABLE", f"The log isn't read as far as the command of job {job.job_id} yet. Try again.")

    def _ensure_in_log(self, job: Job, message: ReceivedMessage) -> None:
        """Ensure that the stream has the command before the job's facts. No other command has this id, so a second copy does no harm."""
        with self._has_read:
            self._has_read.wait_for(lambda: job.job_id in self._unkeyed or self._is_passed(job), WAIT_SECONDS)
            if job.job_id in self._unkeyed:
                return
        self._commands.append_to_log(message)

    def _note(self, job: Job) -> None:
        if not _is_derived(job.job_id):
            self._unkeyed[job.job_id] = None
        elif not self._knows_first(job):
            self._first.pop(job.job_id, None)
            self._first[job.job_id] = job
        for remembered in (self._unkeyed, self._first):
            if len(remembered) > REMEMBERED:
                del remembered[next(iter(remembered))]
        self._read_until = max(filter(None, (self._read_until, job.requested_at)), default=None)

    def _is_passed(self, job: Job) -> bool:
        """Return whether much later commands were read, so that this one was read and forgotten, or isn't in the stream."""
        if self._read_until is None or job.requested_at is None:
            return False
        return self._read_until - job.requested_at > timedelta(seconds=WAIT_SECONDS)

    def _knows_first(self, job: Job) -> bool:
        """Return whether the first command is known. A key that is used again after the job window makes another job."""
        first = self._first.get(job.job_id)
        if first is None or first.requested_at is None or job.requested_at is None:
            return first is not None
        return job.requested_at - first.requested_at <= JOB_WINDOW


def _is_derived(job_id: str) -> bool:
    try:
        return UUID(job_id).version == DERIVED
    except ValueError:
        return False
