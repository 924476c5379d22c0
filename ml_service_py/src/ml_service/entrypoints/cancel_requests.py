"""Which jobs somebody wants to stop, as the stream `job-events` tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ml_service.adapters.broker.job_messages import decode_cancel_request
from ml_service.errors import InvalidArgument

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
        self._job_ids: dict[str, None] = {}
        self._position: LogPosition | None = None

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._job_ids

    def read_position(self) -> LogPosition | None:
        return self._position

    def on_replay(self) -> None:
        self._position = None

    def on_messages(self, messages: Sequence[ReceivedMessage]) -> None:
        for message in messages:
            if request := _cancel_request(message):
                self._job_ids[request.job_id] = None
                if len(self._job_ids) > REMEMBERED:
                    del self._job_ids[next(iter(self._job_ids))]
                self._cancel_queued(request)
            self._position = message.position


def _cancel_request(message: ReceivedMessage) -> CancelRequest | None:
    try:
        return decode_cancel_request(message)
    except InvalidArgument as error:
        # A stream has no dead letters.
        log.warning("job event ignored", reason=error.reason, detail=error.detail, offset=message.offset)
        return None
