"""The life of a process: what ends it, its readiness, and connecting with a bounded retry. The recommender and the worker share it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar

import structlog

from ml_service.config import InvalidSettings
from ml_service.entrypoints.process.threads import on_dead_thread
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

log = structlog.get_logger()

T = TypeVar("T")

CONNECT_SECONDS = 30.0
FIRST_DELAY_SECONDS = 0.2
LAST_DELAY_SECONDS = 3.0


class Readiness:
    """Whether work may be sent here. Alive is another question, and one that only the process's answering answers."""

    def __init__(self, *conditions: str) -> None:
        self._missing = dict.fromkeys(conditions)
        self.is_draining = False

    @property
    def is_ready(self) -> bool:
        return not self._missing and not self.is_draining

    @property
    def missing(self) -> list[str]:
        """What it waits for, by name."""
        return [*self._missing, *(["draining"] if self.is_draining else [])]

    def meet(self, condition: str) -> None:
        self._missing.pop(condition, None)


class Stopping(asyncio.Event):
    """Set when the process is to stop. Create it on the event loop.

    It holds the one rule for all threads and tasks of the process: one that ends unasked ends the process, with the code 1, as it would
    otherwise stay ready and work no more. Threads of executors are exempt: the caller that waits for them gets their errors.
    """

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        #: The threads and tasks that ended unasked, by name.
        self.dead: list[str] = []

    def on_dead(self, name: str, error: BaseException | None) -> None:
        """May be called from any thread."""
        log.critical("part of the process ended unasked", part=name, exc_info=error)
        self.dead.append(name)
        self._loop.call_soon_threadsafe(self.set)

    @asynccontextmanager
    async def running(
        self, work: Coroutine[None, None, object], name: str, ask_to_end: Callable[[], object] | None = None
    ) -> AsyncIterator[None]:
        """Run a task as long as the block; at its end cancel the task, or ask it in another way, and wait for it.

        A task that fails while it ends is logged, and counts as dead too.
        """
        is_asked = False

        def on_ended(task: asyncio.Task[object]) -> None:
            error = None if task.cancelled() else task.exception()
            if error is not None or not (is_asked or self.is_set()):
                self.on_dead(name, error)

        task = asyncio.create_task(work, name=name)
        task.add_done_callback(on_ended)
        try:
            yield
        finally:
            is_asked = True
            (ask_to_end or task.cancel)()
            await asyncio.wait([task])


def stop_signal() -> Stopping:
    """Gives an event that SIGTERM or SIGINT sets, and the end of a thread or task; a second signal ends the process at once.

    Call it on the event loop's thread.
    """
    stopping = Stopping()
    on_dead_thread(stopping.on_dead)
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        if stopping.is_set():
            log.warning("stopping at once", signal=number.name)
            os._exit(128 + number)
        log.info("stopping", signal=number.name)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return stopping


class UnusablePort(OSError):
    """A port that can't be listened on. The message names it."""


@contextmanager
def naming_port(variable: str) -> Iterator[None]:
    """Names the variable to change when what starts in the block can't have its port."""
    try:
        yield
    except UnusablePort as error:
        raise InvalidSettings(f"{variable}: {error}; set it to a free port") from error


async def wait_until(event: asyncio.Event, seconds: float) -> bool:
    """Waits for the event at most so long; says whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def retry_while_unavailable(attempt: Callable[[], T], stopping: asyncio.Event, within_seconds: float = CONNECT_SECONDS) -> T:
    """Call on a thread until it doesn't raise Unavailable; raise it when it isn't retryable, the time is over or the process stops."""
    loop = asyncio.get_running_loop()
    deadline, delay_seconds = loop.time() + within_seconds, FIRST_DELAY_SECONDS
    while True:
        try:
            return await asyncio.to_thread(attempt)
        except Unavailable as error:
            if not error.retryable:
                raise
            log.warning("waiting for another service", reason=error.reason, detail=error.detail)
            if loop.time() + delay_seconds > deadline or await wait_until(stopping, delay_seconds * random.uniform(0.5, 1)):  # noqa: S311
                raise
        delay_seconds = min(delay_seconds * 2, LAST_DELAY_SECONDS)
