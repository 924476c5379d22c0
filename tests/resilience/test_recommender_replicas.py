"""One of two recommenders stops, dies or freezes while clients ask, and the other one keeps answering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.asking import AskingAllTheTime
from harness.stack import Data, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.brokers import RunningBroker
    from harness.processes import Process

#: The gateway stops calling a recommender after 3 s of silence. Until then, each call to it loses the deadline of 2 s,
#: so some answers are degraded. Without that, half of all would be, and this many good ones would take minutes.
GOOD = 1000
DEGRADED_AT_MOST = 100


@pytest.fixture(scope="module")
def pair(trained: Data, running: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("pair")
    with Stack(trained.copy_to(folder / "data"), running.amqp_url, folder, recommenders=2) as stack:
        yield stack


@pytest.fixture
def asking(pair: Stack) -> Iterator[AskingAllTheTime]:
    with AskingAllTheTime([pair.gateway.port]) as asking:
        asking.wait_for_answers(200)
        yield asking


@pytest.fixture
def leaving(pair: Stack) -> Iterator[Process]:
    """The recommender that leaves. It runs again after the test."""
    yield pair.recommender
    pair.recommender.restart()


def test_no_answer_is_missing_or_degraded_while_a_recommender_gets_sigterm(asking: AskingAllTheTime, leaving: Process) -> None:
    exit_code = leaving.terminate()
    asking.wait_for_answers(200)

    assert exit_code == 0
    assert asking.failures == []


def test_no_answer_is_missing_or_degraded_while_a_recommender_is_killed(asking: AskingAllTheTime, leaving: Process) -> None:
    leaving.kill()
    asking.wait_for_answers(200)

    assert asking.failures == []


def test_a_frozen_recommender_degrades_a_few_answers_and_then_none(pair: Stack, asking: AskingAllTheTime) -> None:
    pair.recommender.freeze()
    try:
        asking.wait_for_answers(GOOD)
        at_first = list(asking.failures)
        asking.wait_for_answers(500)
    finally:
        pair.recommender.thaw()

    assert set(at_first) <= {"degraded, from cache", "degraded, from fallback"}
    assert len(at_first) <= DEGRADED_AT_MOST
    assert asking.failures == at_first
