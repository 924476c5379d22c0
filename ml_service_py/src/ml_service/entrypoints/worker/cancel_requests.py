"""Which jobs somebody wants to stop, as the stream `job-events` tells."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from ml_service.adapters.broker.job_messages import decode_cancel_request
from ml_service.errors import InvalidArgument
from ml_service.handlers.jobs import JOB_WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ml_service.adapters.broker.envelope import ReceivedMessage
    from ml_service.adapters.broker.job_messages import CancelRequest
    from ml_service.domain import LogPosition

log = structlog.get_logger()

STREAM = "job-events"
#: Requests are remembered for jobs that come later; older ones are in the ledger all the same.
REMEMBERED = 10_000


class CancelRequests:
    """Remembers each request before it passes it on, so that a job which begins meanwhile is found in one place or the other."""

    def __init__(self, cancel_queued: Callable[[CancelRequest], None]) -> None:
        self._cancel_queued = cancel_queued
        self._asked_at: dict[str, datetime] = {}
        self._position: LogPosition | None = None

    def __contains__(self, job_id: object) -> bool:
        """Requests outlive their job's window in the stream; the key of that job may have made another one since."""
        asked_at = self._asked_at.get(str(job_id))
        return asked_at is not None and asked_at > datetime.now(UTC) - JOB_WINDOW

    def read_position(self) -> LogPosition | None:
        return self._position

    def on_restart(self) -> None:
        self._position = None

    def on_messages(self, messages: Sequence[ReceivedMessage]) -> None:
        for message in messages:
            if request := _cancel_request(message):
                self._asked_at[request.job_id] = request.occurred_at
                if len(self._asked_at) > REMEMBERED:
                    del self._asked_at[next(iter(self._asked_at))]
                self._cancel_queued(request)
            self._position = message.position


def _cancel_request(message: ReceivedMessage) -> CancelRequest | None:
    try:
        return decode_cancel_request(message)
    except InvalidArgument as error:
        # A stream has no dead letters.
        log.warning("job event ignored", reason=error.reason, detail=error.detail, offset=message.offset)
        return None
