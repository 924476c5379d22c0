"""Remembers the cancel requests of the stream `job-events`, and cancels jobs that wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ml_service.handlers.jobs.service import JOB_WINDOW
from ml_service.ports.messaging import CancelRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ml_service.domain import LogPosition
    from ml_service.ports.messaging import JobEvent

#: Requests kept in memory, for jobs that begin later. The ledger has the older ones.
REMEMBERED = 10_000


class CancelRequests:
    """Remembers each request before it cancels the waiting job, so that a job which begins meanwhile is found in one of the two places."""

    def __init__(self, cancel_queued: Callable[[CancelRequest], None]) -> None:
        self._cancel_queued = cancel_queued
        self._requested_at: dict[str, datetime] = {}
        self._position: LogPosition | None = None

    def __contains__(self, job_id: object) -> bool:
        """A request counts for one job window: after that, the same Idempotency-Key may have made another job with this id."""
        requested_at = self._requested_at.get(str(job_id))
        return requested_at is not None and requested_at > datetime.now(UTC) - JOB_WINDOW

    def read_position(self) -> LogPosition | None:
        return self._position

    def on_restart(self) -> None:
        self._position = None

    def on_events(self, events: Sequence[JobEvent]) -> None:
        for event in events:
            if isinstance(event.content, CancelRequest):
                self._remember(event.content)
                self._cancel_queued(event.content)
            self._position = event.message.position

    def _remember(self, request: CancelRequest) -> None:
        self._requested_at[request.job_id] = request.occurred_at
        if len(self._requested_at) > REMEMBERED:
            del self._requested_at[next(iter(self._requested_at))]
