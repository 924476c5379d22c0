"""Loads the model version that the store's row names: at the start, on each hint, and periodically, as hints may be lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from ml_service.entrypoints.process.runtime import wait_until
from ml_service.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ml_service.handlers.live_state import LiveState
    from ml_service.handlers.models import Models

log = structlog.get_logger()


class ModelFollower:
    """Create it on the event loop; `hint` may be called from any thread."""

    def __init__(self, live: LiveState, models: Models, poll_seconds: float, on_loaded: Callable[[], Awaitable[None]]) -> None:
        """Await `on_loaded` once, when the first version is loaded."""
        self._live = live
        self._models = models
        self._poll_seconds = poll_seconds
        self._on_loaded = on_loaded
        self._hinted = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def hint(self) -> None:
        self._loop.call_soon_threadsafe(self._hinted.set)

    async def run(self) -> None:
        """Follow until the task is cancelled."""
        was_loaded = False
        while True:
            self._hinted.clear()
            await self._follow_once()
            if self._live.loaded is not None and not was_loaded:
                was_loaded = True
                await self._on_loaded()
            await wait_until(self._hinted, self._poll_seconds)

    async def _follow_once(self) -> None:
        try:
            if await self._models.follow():
                log.info("model version live", version=self._live.model.version.version)
        except ServiceError as error:
            # The loaded version goes on answering.
            log.warning("model version not followed", reason=error.reason, detail=error.detail)
