"""Polls until a condition holds. Await an event instead where the code under test provides one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


async def eventually(predicate: Callable[[], bool], within_seconds: float = 10.0) -> None:
    async with asyncio.timeout(within_seconds):
        while not predicate():  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.001)
