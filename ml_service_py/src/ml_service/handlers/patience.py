"""How long a call may wait for something: what is left of its deadline, but for the time to answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from ml_service.ports.storage import Store

T = TypeVar("T")

#: How long a call without a deadline of its own may wait.
WAIT_SECONDS = 2.0
#: What a call that waits keeps of its deadline for the answer.
ANSWER_SECONDS = 0.1
#: How long a question to the store may take in any case: less than gateways wait, so that a busy process still says in time who is late.
STORE_SECONDS = 1.5


def patience(remaining_seconds: float | None) -> float:
    return WAIT_SECONDS if remaining_seconds is None else max(remaining_seconds - ANSWER_SECONDS, 0)


class StoreQuestions:
    """The SQL store as calls ask it: on threads of its own, as a frozen store holds them for seconds and others need some too."""

    def __init__(self, store: Store, threads: Executor) -> None:
        self._store = store
        self._threads = threads

    async def ask(self, question: Callable[[Store], T], remaining_seconds: float | None) -> T:
        """Raises Unavailable (STORE_UNAVAILABLE) in time; the thread may wait longer. A question that has no thread yet is dropped."""
        try:
            async with asyncio.timeout(min(patience(remaining_seconds), STORE_SECONDS)):
                return await asyncio.get_running_loop().run_in_executor(self._threads, question, self._store)
        except TimeoutError as error:
            raise Unavailable("STORE_UNAVAILABLE", "The SQL store didn't answer in time. Try again.") from error
