"""A bound on what is being answered at once. What doesn't fit is refused, and so never waits unseen."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ml_service.errors import ResourceExhausted

if TYPE_CHECKING:
    from collections.abc import Iterator


class Room:
    """For one event loop: whoever takes a part gives it back at the end of the block."""

    def __init__(self, size: int) -> None:
        self._free = size

    @contextmanager
    def take(self, count: int) -> Iterator[None]:
        """Raises ResourceExhausted (RECOMMENDER_OVERLOADED) when there is less than that."""
        if count > self._free:
            raise ResourceExhausted("RECOMMENDER_OVERLOADED", f"{count} more requests are too many now. Ask again in a moment.")
        self._free -= count
        try:
            yield
        finally:
            self._free += count
