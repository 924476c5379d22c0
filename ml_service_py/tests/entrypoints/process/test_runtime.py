"""The life of a process: readiness, retries while a dependency is away, and what stops it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from ml_service.adapters.certificates import UnusableCertificate
from ml_service.config import InvalidSettings
from ml_service.entrypoints.process.runtime import (
    Readiness,
    Stopping,
    UnusablePort,
    naming_port,
    retry_while_unavailable,
    stop_signal,
    wait_until,
)
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Dependency:
    """Answers at the n-th attempt."""

    def __init__(self, answers_at: int) -> None:
        self.attempts = 0
        self._answers_at = answers_at

    def ask(self) -> str:
        self.attempts += 1
        if self.attempts < self._answers_at:
            raise Unavailable("STORE_UNAVAILABLE", "not yet")
        return "answer"


def test_a_process_is_ready_while_all_conditions_are_met_and_it_does_not_drain() -> None:
    met = {"model"}
    readiness = Readiness({name: partial(met.__contains__, name) for name in ("model", "histories")})

    assert readiness.missing == ["histories"]
    met.add("histories")
    assert readiness.is_ready
    met.remove("model")
    assert readiness.missing == ["model"]

    met.add("model")
    readiness.is_draining = True
    assert not readiness.is_ready


async def test_a_dependency_that_comes_late_is_waited_for() -> None:
    dependency = Dependency(answers_at=2)

    assert await retry_while_unavailable(dependency.ask, asyncio.Event()) == "answer"
    assert dependency.attempts == 2


async def test_connecting_stops_after_the_time_limit() -> None:
    dependency = Dependency(answers_at=100)

    with pytest.raises(Unavailable):
        await retry_while_unavailable(dependency.ask, asyncio.Event(), within_seconds=0.1)

    assert dependency.attempts == 1


async def test_an_error_that_an_operator_must_fix_is_raised_without_a_retry() -> None:
    attempts: list[str] = []

    def ask() -> None:
        attempts.append("asked")
        raise Unavailable("STORE_UNUSABLE", "The password is wrong.")

    with pytest.raises(Unavailable):
        await retry_while_unavailable(ask, asyncio.Event())

    assert attempts == ["asked"]


async def test_a_stop_ends_the_wait_for_a_dependency() -> None:
    stopping = asyncio.Event()
    stopping.set()

    async with asyncio.timeout(5):
        with pytest.raises(Unavailable):
            await retry_while_unavailable(Dependency(answers_at=100).ask, stopping, within_seconds=60)


def test_only_a_port_that_can_not_be_listened_on_is_named_as_the_variable_to_change() -> None:
    with pytest.raises(InvalidSettings, match=r"RECOMMENDER_GRPC_PORT: Port 1 .* free port"), naming_port("RECOMMENDER_GRPC_PORT"):
        raise UnusablePort("Port 1 of 127.0.0.1 can't be listened on")
    with pytest.raises(UnusableCertificate), naming_port("RECOMMENDER_GRPC_PORT"):
        raise UnusableCertificate("tls.key can't be read")


@pytest.fixture
def _own_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put pytest's own hook for dead threads back after the test."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)


async def end_at_once() -> None:
    pass


async def fail() -> None:
    raise ZeroDivisionError


@pytest.mark.usefixtures("_own_hook")
async def test_a_thread_that_dies_of_an_error_stops_the_process() -> None:
    stopping = stop_signal()

    threading.Thread(target=lambda: 1 / 0, name="reader").start()

    assert await wait_until(stopping, 5)
    assert stopping.dead == ["reader"]


@pytest.mark.parametrize("work", [end_at_once, fail])
async def test_a_task_that_ends_by_itself_stops_the_process(work: Callable[[], Coroutine[None, None, None]]) -> None:
    stopping = Stopping()

    async with stopping.running(work(), "follower"):
        assert await wait_until(stopping, 5)

    assert stopping.dead == ["follower"]


async def test_a_task_that_ends_during_the_stop_does_not_count_as_dead() -> None:
    stopping = Stopping()

    async def wait() -> None:
        await stopping.wait()

    async with stopping.running(wait(), "housekeeping", lambda: None):
        stopping.set()

    assert stopping.dead == []


async def test_an_error_of_a_task_during_its_end_is_logged_and_fails_the_process() -> None:
    stopping = Stopping()

    async def fail_at_its_end() -> None:
        await stopping.wait()
        raise ZeroDivisionError

    with capture_logs() as logged:
        async with stopping.running(fail_at_its_end(), "housekeeping", stopping.set):
            pass

    assert [(row["part"], type(row["exc_info"])) for row in logged] == [("housekeeping", ZeroDivisionError)]
    assert stopping.dead == ["housekeeping"]


async def test_a_task_that_its_owner_ends_does_not_count_as_dead() -> None:
    stopping = Stopping()

    async with stopping.running(asyncio.Event().wait(), "follower"):
        pass

    assert (stopping.dead, stopping.is_set()) == ([], False)


@pytest.mark.usefixtures("_own_hook")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_process(number: signal.Signals) -> None:
    stopping = stop_signal()

    os.kill(os.getpid(), number)

    assert await wait_until(stopping, 5)
    for handled in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(handled)
