"""Folds the stream `interactions` into the live histories. It skips unusable messages; the projector stores those."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ml_service.errors import DeadlineExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from ml_service.domain import LogEntry
    from ml_service.entrypoints.ops.metrics import Metrics
    from ml_service.handlers.live_state import LiveState
    from ml_service.ports.storage import StoredHistories

APPLY_SECONDS = 10.0


class LogFollower:
    """Create it on the event loop, which owns the live state. The reader's thread calls the methods; they wait for the loop."""

    def __init__(self, live: LiveState, metrics: Metrics, load_histories: Callable[[], StoredHistories]) -> None:
        self._live = live
        self._metrics = metrics
        self._load_histories = load_histories
        self._loop = asyncio.get_running_loop()

    def on_entries(self, entries: Sequence[LogEntry]) -> None:
        self._on_loop(self._apply(entries))

    def on_restart(self) -> None:
        """Load the histories anew. Raise Unavailable (STORE_UNAVAILABLE); the old histories stay until the store answers."""
        self._on_loop(self._live.rebuild(self._load_histories()))

    async def _apply(self, batch: Sequence[LogEntry]) -> None:
        self._metrics.count_interactions(await self._live.apply(batch))

    def _on_loop(self, work: Coroutine[None, None, None]) -> None:
        """Raise DeadlineExceeded if the event loop is too slow. The reader then attaches again at the last applied position."""
        under_way = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            under_way.result(APPLY_SECONDS)
        except TimeoutError as error:
            under_way.cancel()
            raise DeadlineExceeded(
                "DEADLINE_EXCEEDED", f"The event loop didn't apply the log within {APPLY_SECONDS:g} s. The reader tries again."
            ) from error
