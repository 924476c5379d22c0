"""The life of a process: its stop, its threads, its readiness, and connecting with a bounded retry. Recommender and worker share it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog

from ml_service.config import InvalidSettings
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping

log = structlog.get_logger()

T = TypeVar("T")

CONNECT_SECONDS = 30.0
FIRST_DELAY_SECONDS = 0.2
LAST_DELAY_SECONDS = 3.0


class Readiness:
    """Whether the process takes work. It checks the conditions each time, as a broker may go and come. Liveness is another question."""

    def __init__(self, conditions: Mapping[str, Callable[[], bool]]) -> None:
        self._conditions = conditions
        self.is_draining = False

    @property
    def is_ready(self) -> bool:
        return not self.missing

    @property
    def missing(self) -> list[str]:
        """The names of the conditions that aren't met."""
        unmet = [name for name, is_met in self._conditions.items() if not is_met()]
        return [*unmet, "draining"] if self.is_draining else unmet


class Stopping(asyncio.Event):
    """Set when the process must stop. Create it on the event loop.

    A thread or task that ends before the stop ends the process with code 1: otherwise the process would stay ready without working.
    Threads of executors are exempt: their callers get the errors.
    """

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        #: The names of threads and tasks that ended before the stop.
        self.dead: list[str] = []

    def on_dead(self, name: str, error: BaseException | None) -> None:
        """Stop the process. May be called from any thread."""
        log.critical("thread or task ended before the stop", part=name, exc_info=error)
        self.dead.append(name)
        self._loop.call_soon_threadsafe(self.set)

    @asynccontextmanager
    async def running(
        self, work: Coroutine[None, None, object], name: str, ask_to_end: Callable[[], object] | None = None
    ) -> AsyncIterator[None]:
        """Run a task during the block; then cancel it, or call `ask_to_end`, and wait for it.

        A task that fails while it ends counts as dead too.
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


class Thread(Protocol):
    def start(self) -> None: ...

    def stop(self) -> object: ...


@asynccontextmanager
async def started(thread: Thread) -> AsyncIterator[None]:
    """Run the thread during the block."""
    thread.start()
    try:
        yield
    finally:
        # Not on the event loop: the thread may be waiting for it.
        await asyncio.to_thread(thread.stop)


def on_dead_thread(end: Callable[[str, BaseException | None], None]) -> None:
    """Call `end`, on that thread, for each thread that dies of an error. By default, Python prints the error and goes on."""

    def hook(dead: threading.ExceptHookArgs) -> None:
        end(dead.thread.name if dead.thread else "a thread", dead.exc_value)

    threading.excepthook = hook


def stop_signal() -> Stopping:
    """Return an event that SIGTERM, SIGINT or a dead thread or task sets. A second signal ends the process at once.

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
    """Turn an UnusablePort of the block into InvalidSettings that names the variable to change."""
    try:
        yield
    except UnusablePort as error:
        raise InvalidSettings(f"{variable}: {error}; set it to a free port") from error


async def wait_until(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, at most so long. Return whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def retry_while_unavailable(attempt: Callable[[], T], stopping: asyncio.Event, within_seconds: float = CONNECT_SECONDS) -> T:
    """Call on a thread until it doesn't raise Unavailable. Raise that if it isn't retryable, after the time limit, or at the stop."""
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
