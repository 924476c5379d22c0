"""Queues commands again that only the stream `job-events` holds, so that every job that gateways show comes to an end.

A broker that ends while it takes a command in may keep it in the stream alone, and so does a queue that is full and refuses it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ml_service.adapters.broker.job_messages import job_of_fact
from ml_service.entrypoints.worker.first_commands import REMEMBERED, read_command
from ml_service.handlers.jobs import JOB_WINDOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.adapters.broker.envelope import ReceivedMessage
    from ml_service.domain import Job
    from ml_service.handlers.jobs import JobBook

#: How long a job may be without a sign of any worker. One that only waits behind others for so long is queued twice, which does no harm.
LOST_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class _Waiting:
    job: Job
    message: ReceivedMessage
    read_at: datetime


class LostCommands:
    """Remembers each command until a fact of the same job shows that a worker has it. May be used from any thread."""

    def __init__(self, book: JobBook) -> None:
        self._book = book
        self._waiting: dict[str, _Waiting] = {}
        self._in_use = threading.Lock()

    def on_messages(self, messages: Sequence[ReceivedMessage]) -> None:
        now = datetime.now(UTC)
        with self._in_use:
            for message in messages:
                if job_id := job_of_fact(message):
                    self._waiting.pop(job_id, None)
                elif (job := read_command(message)) and _is_recent(job, now):
                    # Of two commands with one id the first counts.
                    self._waiting.setdefault(job.job_id, _Waiting(job, message, now))
            while len(self._waiting) > REMEMBERED:
                del self._waiting[next(iter(self._waiting))]

    def on_restart(self) -> None:
        with self._in_use:
            self._waiting.clear()

    def queue_again(self, now: datetime) -> None:
        """Queue each command that waited too long and that no worker has seen. Raises Unavailable; the next call tries the rest."""
        with self._in_use:
            due = [waiting for waiting in self._waiting.values() if now - waiting.read_at >= LOST_AFTER]
        for waiting in due:
            if _is_recent(waiting.job, now):
                self._book.queue_lost(waiting.job, waiting.message)
            with self._in_use:
                self._waiting.pop(waiting.job.job_id, None)


def _is_recent(job: Job, now: datetime) -> bool:
    return job.asked_at is None or now - job.asked_at <= JOB_WINDOW
