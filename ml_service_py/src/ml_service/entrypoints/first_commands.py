"""Which of several commands with one id came first in the stream `job-events`: it is the one that counts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from uuid import UUID

from ml_service.adapters.broker.job_messages import decode_job, is_command, queued_again
from ml_service.entrypoints.cancel_requests import STREAM
from ml_service.errors import InvalidArgument, Unavailable
from ml_service.handlers.jobs import JOB_WINDOW

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    Gateways follow the stream, so workers must.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._first: dict[str, Job] = {}
        self._has_read = threading.Condition()

    def on_messages(self, messages: Sequence[ReceivedMessage]) -> None:
        with self._has_read:
            for job in filter(None, map(_command, messages)):
                if not self._knows_first(job):
                    self._first.pop(job.job_id, None)
                    self._first[job.job_id] = job
                if len(self._first) > REMEMBERED:
                    del self._first[next(iter(self._first))]
            self._has_read.notify_all()

    def on_restart(self) -> None:
        with self._has_read:
            self._first.clear()

    def is_superseded(self, job: Job, message: ReceivedMessage) -> bool:
        """Whether the stream has another command under this id first. Raises Unavailable (BROKER_UNAVAILABLE) until that is known.

        The reader may be behind, or the stream may hold the command no more. Written to its end once more the command will be read, and
        all that stands before it first.
        """
        if not _is_derived(job.job_id):
            return False
        with self._has_read:
            if self._has_read.wait_for(lambda: self._knows_first(job), WAIT_SECONDS):
                return self._first[job.job_id] != job
        self._publisher.publish(queued_again(message, STREAM))
        raise Unavailable("BROKER_UNAVAILABLE", f"The stream {STREAM} isn't read as far as the command of the job {job.job_id} yet.")

    def _knows_first(self, job: Job) -> bool:
        """Whether it was read which command is the first. A key that is used again when its job's window is over makes another job."""
        first = self._first.get(job.job_id)
        if first is None or first.asked_at is None or job.asked_at is None:
            return first is not None
        return job.asked_at - first.asked_at <= JOB_WINDOW


def _command(message: ReceivedMessage) -> Job | None:
    """The job of a command that another one may have the id of. The others would only push those out."""
    try:
        job = decode_job(message) if is_command(message) else None
    except InvalidArgument:
        # Workers dead-letter it.
        return None
    return job if job is not None and _is_derived(job.job_id) else None


def _is_derived(job_id: str) -> bool:
    try:
        return UUID(job_id).version == DERIVED
    except ValueError:
        return False
