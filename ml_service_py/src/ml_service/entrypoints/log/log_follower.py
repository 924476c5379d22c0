"""Folds the stream `interactions` into the live histories. Rejects nothing: what can't be used, the projector keeps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ml_service.adapters.broker.interaction_messages import read_entry
from ml_service.errors import DeadlineExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from ml_service.adapters.broker.envelope import ReceivedMessage
    from ml_service.domain import LogEntry
    from ml_service.entrypoints.ops.metrics import Metrics
    from ml_service.handlers.live_state import LiveState
    from ml_service.ports.storage import StoredHistories

APPLY_SECONDS = 10.0


class LogFollower:
    """Create it on the event loop, which owns the live state; the methods are called on the reader's thread, and wait for the loop."""

    def __init__(self, live: LiveState, metrics: Metrics, load_histories: Callable[[], StoredHistories]) -> None:
        self._live = live
        self._metrics = metrics
        self._load_histories = load_histories
        self._loop = asyncio.get_running_loop()

    def on_messages(self, messages: Sequence[ReceivedMessage]) -> None:
        self._on_loop(self._apply([read_entry(message) for message in messages]))

    def on_restart(self) -> None:
        """Raises Unavailable (STORE_UNAVAILABLE): the histories stay as they are until the store answers."""
        self._on_loop(self._live.rebuild(self._load_histories()))

    async def _apply(self, batch: Sequence[LogEntry]) -> None:
        self._metrics.count_interactions(await self._live.apply(batch))

    def _on_loop(self, work: Coroutine[None, None, None]) -> None:
        """Raises DeadlineExceeded where the event loop is too slow; the log is then read again from the position that counts."""
        under_way = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            under_way.result(APPLY_SECONDS)
        except TimeoutError as error:
            under_way.cancel()
            raise DeadlineExceeded("DEADLINE_EXCEEDED", f"The event loop didn't take in the log within {APPLY_SECONDS:g} s.") from error
