"""Waits for something that becomes true by itself. For what announces itself, await that instead."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


async def eventually(predicate: Callable[[], bool], within_seconds: float = 10.0) -> None:
    async with asyncio.timeout(within_seconds):
        while not predicate():  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.001)
