"""The life of a process: readiness, patience with neighbours, and the stop signal."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from ml_service.entrypoints.runtime import Readiness, retry_while_unavailable, stop_signal, wait_until
from ml_service.errors import Unavailable


class Neighbour:
    """Answers at the n-th attempt."""

    def __init__(self, answers_at: int) -> None:
        self.attempts = 0
        self._answers_at = answers_at

    def ask(self) -> str:
        self.attempts += 1
        if self.attempts < self._answers_at:
            raise Unavailable("STORE_UNAVAILABLE", "not yet")
        return "answer"


def test_ready_is_what_misses_nothing_and_does_not_drain() -> None:
    readiness = Readiness("model", "histories")

    readiness.meet("model")
    assert readiness.missing == ["histories"]
    readiness.meet("histories")
    assert readiness.is_ready

    readiness.is_draining = True
    assert not readiness.is_ready


async def test_a_neighbour_that_comes_late_is_waited_for() -> None:
    neighbour = Neighbour(answers_at=2)

    assert await retry_while_unavailable(neighbour.ask, asyncio.Event()) == "answer"
    assert neighbour.attempts == 2


async def test_patience_has_a_bound() -> None:
    neighbour = Neighbour(answers_at=100)

    with pytest.raises(Unavailable):
        await retry_while_unavailable(neighbour.ask, asyncio.Event(), within_seconds=0.1)

    assert neighbour.attempts == 1


async def test_what_somebody_must_mend_is_not_waited_for() -> None:
    attempts: list[str] = []

    def ask() -> None:
        attempts.append("asked")
        raise Unavailable("STORE_UNUSABLE", "The password is wrong.")

    with pytest.raises(Unavailable):
        await retry_while_unavailable(ask, asyncio.Event())

    assert attempts == ["asked"]


async def test_a_stop_ends_the_patience() -> None:
    stopping = asyncio.Event()
    stopping.set()

    async with asyncio.timeout(5):
        with pytest.raises(Unavailable):
            await retry_while_unavailable(Neighbour(answers_at=100).ask, stopping, within_seconds=60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_asks_to_stop(number: signal.Signals) -> None:
    stopping = stop_signal()

    os.kill(os.getpid(), number)

    assert await wait_until(stopping, 5)
    for handled in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(handled)
