"""Writes the stream `interactions` to the SQL store, a batch and its position at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ml_service.domain import LoggedErasure, RejectedMessage
from ml_service.ports.messaging import Detach
from ml_service.ports.storage import PositionMoved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.domain import LogEntry, LogPosition
    from ml_service.entrypoints.ops.worker_metrics import WorkerMetrics
    from ml_service.ports.storage import InteractionLog

log = structlog.get_logger()

#: How long a batch may wait to fill.
GATHER_SECONDS = 1.0
#: Rows of one transaction share its fixed cost. One of this size holds up other writers for about 50 ms.
BATCH_MESSAGES = 2000


class Projector:
    """Raises Unavailable while the store is down; the reader then attaches again later, at the stored position."""

    def __init__(self, interaction_log: InteractionLog, metrics: WorkerMetrics) -> None:
        self._log = interaction_log
        self._metrics = metrics
        self._stored: LogPosition | None = None

    def read_position(self) -> LogPosition | None:
        self._stored = self._log.read_position()
        return self._stored

    def on_restart(self) -> None:
        """The stored position stays until the first batch of the new log replaces it."""

    def on_entries(self, batch: Sequence[LogEntry]) -> None:
        try:
            appended = self._log.append(batch, self._stored)
        except PositionMoved as error:
            log.warning("projector steps down: another one has written", after=self._stored)
            raise Detach("stepped down") from error
        self._stored = batch[-1].position
        self._metrics.count_projected(appended, self._stored.offset)
        for entry in batch:
            if isinstance(entry, RejectedMessage):
                log.warning("interaction rejected", offset=entry.position.offset, reason=entry.reason, detail=entry.detail)
            elif isinstance(entry, LoggedErasure):
                log.info("user erased", offset=entry.position.offset)
