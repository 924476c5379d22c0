"""A concurrency limit: work above it is rejected at once, so that nothing waits in a hidden queue."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ml_service.errors import ResourceExhausted

if TYPE_CHECKING:
    from collections.abc import Iterator


class ConcurrencyLimiter:
    """Use it from one event loop only: it has no lock."""

    def __init__(self, limit: int) -> None:
        self._free = limit

    @contextmanager
    def acquire(self, count: int) -> Iterator[None]:
        """Hold `count` places during the block. Raise ResourceExhausted (RECOMMENDER_OVERLOADED) if fewer are free."""
        if count > self._free:
            raise ResourceExhausted("RECOMMENDER_OVERLOADED", f"{count} more would exceed the concurrency limit. Try again in a moment.")
        self._free -= count
        try:
            yield
        finally:
            self._free += count
