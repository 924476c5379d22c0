"""Which command of a job came first in the stream `job-events`, by which gateways know of jobs: it is the one that counts."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from ml_service.adapters.broker.job_messages import decode_job, is_command, queued_again
from ml_service.entrypoints.worker.cancel_requests import STREAM
from ml_service.errors import InvalidArgument, Unavailable
from ml_service.handlers.jobs import FACT_TIMEOUT_SECONDS, JOB_WINDOW

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ml_service.adapters.broker.envelope import ReceivedMessage
    from ml_service.domain import Job
    from ml_service.handlers.jobs import Publisher

REMEMBERED = 10_000
#: How long the stream may take to tell of a command that the queue has delivered already.
WAIT_SECONDS = 2.0
#: Ids of this version are derived from an Idempotency-Key; all others come once.
DERIVED = 5


class FirstCommands:
    """Two bodies with one key at the same moment may stand in the queue in one order and in the stream in the other.

    And a command that a broker's end cut in two may stand in the queue alone.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._first: dict[str, Job] = {}
        self._unkeyed: dict[str, None] = {}
        self._read_until: datetime | None = None
        self._has_read = threading.Condition()

    def on_messages(self, messages: Sequence[ReceivedMessage]) -> None:
        with self._has_read:
            for job in filter(None, map(read_command, messages)):
                self._note(job)
            self._has_read.notify_all()

    def on_restart(self) -> None:
        with self._has_read:
            self._first.clear()
            self._unkeyed.clear()
            self._read_until = None

    def is_superseded(self, job: Job, message: ReceivedMessage) -> bool:
        """Whether the stream has another command under this id first. Raises Unavailable (BROKER_UNAVAILABLE) until that is known.

        The reader may be behind, or the stream may not hold the command: then it is written to its end.
        """
        if _is_derived(job.job_id):
            return self._is_later(job, message)
        self._ensure_told(job, message)
        return False

    def _is_later(self, job: Job, message: ReceivedMessage) -> bool:
        """When what was written to the stream's end is read, all that stands before it was."""
        with self._has_read:
            if self._has_read.wait_for(lambda: self._knows_first(job), WAIT_SECONDS):
                return self._first[job.job_id] != job
        self._publisher.publish(queued_again(message, STREAM), FACT_TIMEOUT_SECONDS)
        raise Unavailable("BROKER_UNAVAILABLE", f"The stream {STREAM} isn't read as far as the command of the job {job.job_id} yet.")

    def _ensure_told(self, job: Job, message: ReceivedMessage) -> None:
        """No other command can have its id, so one told twice does no harm. What counts is that it stands before the job's facts."""
        with self._has_read:
            self._has_read.wait_for(lambda: job.job_id in self._unkeyed or self._is_passed(job), WAIT_SECONDS)
            if job.job_id in self._unkeyed:
                return
        self._publisher.publish(queued_again(message, STREAM), FACT_TIMEOUT_SECONDS)

    def _note(self, job: Job) -> None:
        if not _is_derived(job.job_id):
            self._unkeyed[job.job_id] = None
        elif not self._knows_first(job):
            self._first.pop(job.job_id, None)
            self._first[job.job_id] = job
        for remembered in (self._unkeyed, self._first):
            if len(remembered) > REMEMBERED:
                del remembered[next(iter(remembered))]
        self._read_until = max(filter(None, (self._read_until, job.asked_at)), default=None)

    def _is_passed(self, job: Job) -> bool:
        """Whether commands were read that were asked for so much later that this one, if it isn't forgotten, won't come."""
        if self._read_until is None or job.asked_at is None:
            return False
        return self._read_until - job.asked_at > timedelta(seconds=WAIT_SECONDS)

    def _knows_first(self, job: Job) -> bool:
        """Whether it was read which command is the first. A key that is used again when its job's window is over makes another job."""
        first = self._first.get(job.job_id)
        if first is None or first.asked_at is None or job.asked_at is None:
            return first is not None
        return job.asked_at - first.asked_at <= JOB_WINDOW


def read_command(message: ReceivedMessage) -> Job | None:
    """Return the job that a message of the stream asks for; None for any other message."""
    try:
        return decode_job(message) if is_command(message) else None
    except InvalidArgument:
        # Workers dead-letter it.
        return None


def _is_derived(job_id: str) -> bool:
    try:
        return UUID(job_id).version == DERIVED
    except ValueError:
        return False
