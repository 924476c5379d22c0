"""How long a call may wait: the rest of its deadline, less the time to answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from ml_service.ports.storage import Store

T = TypeVar("T")

#: How long a call without a deadline may wait.
DEFAULT_WAIT_SECONDS = 2.0
#: The part of the deadline that a waiting call keeps for its answer.
ANSWER_SECONDS = 0.1
#: The limit of a store query: less than the gateway's deadline, so that the answer names the store as the cause.
STORE_SECONDS = 1.5


def seconds_to_wait(remaining_seconds: float | None) -> float:
    """`remaining_seconds`: the rest of the call's deadline; None for a call without one."""
    return DEFAULT_WAIT_SECONDS if remaining_seconds is None else max(remaining_seconds - ANSWER_SECONDS, 0)


class StoreWithDeadline:
    """Queries the SQL store for calls, on threads of its own: a frozen store blocks a thread for seconds, and other work needs some too."""

    def __init__(self, store: Store, threads: Executor) -> None:
        self._store = store
        self._threads = threads

    async def query(self, read: Callable[[Store], T], remaining_seconds: float | None) -> T:
        """Raise Unavailable (STORE_UNAVAILABLE) after the time limit. The thread may wait longer; a query without a thread is dropped."""
        try:
            async with asyncio.timeout(min(seconds_to_wait(remaining_seconds), STORE_SECONDS)):
                return await asyncio.get_running_loop().run_in_executor(self._threads, read, self._store)
        except TimeoutError as error:
            raise Unavailable("STORE_UNAVAILABLE", "The SQL store didn't answer in time. Try again.") from error
