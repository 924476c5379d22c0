"""Queues lost commands again: those that only the stream `job-events` has. So every job that gateways show comes to an end.

A command is lost if the broker dies while it routes it, or if the queue is full and refuses it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ml_service.domain import Job
from ml_service.entrypoints.worker.first_commands import REMEMBERED
from ml_service.handlers.jobs.service import JOB_WINDOW
from ml_service.ports.messaging import JobFact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.handlers.jobs.service import JobService
    from ml_service.ports.messaging import JobEvent, ReceivedMessage

#: A command without a fact of a worker for this long counts as lost. One that only waits so long is queued twice, which does no harm.
LOST_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class _Waiting:
    job: Job
    message: ReceivedMessage
    read_at: datetime


class LostCommands:
    """Remembers each command until a worker's fact shows that it arrived. May be used from any thread."""

    def __init__(self, service: JobService) -> None:
        self._service = service
        self._waiting: dict[str, _Waiting] = {}
        self._in_use = threading.Lock()

    def on_events(self, events: Sequence[JobEvent]) -> None:
        now = datetime.now(UTC)
        with self._in_use:
            for event in events:
                match event.content:
                    case JobFact(job_id):
                        self._waiting.pop(job_id, None)
                    case Job() as job if _is_recent(job, now):
                        # Of two commands with one id the first counts.
                        self._waiting.setdefault(job.job_id, _Waiting(job, event.message, now))
            while len(self._waiting) > REMEMBERED:
                del self._waiting[next(iter(self._waiting))]

    def on_restart(self) -> None:
        with self._in_use:
            self._waiting.clear()

    def queue_again(self, now: datetime) -> None:
        """Queue each command that waited too long and that no worker has seen. Raise Unavailable; the next call tries the rest."""
        with self._in_use:
            due = [waiting for waiting in self._waiting.values() if now - waiting.read_at >= LOST_AFTER]
        for waiting in due:
            if _is_recent(waiting.job, now):
                self._service.queue_lost(waiting.job, waiting.message)
            with self._in_use:
                self._waiting.pop(waiting.job.job_id, None)


def _is_recent(job: Job, now: datetime) -> bool:
    return job.requested_at is None or now - job.requested_at <= JOB_WINDOW
