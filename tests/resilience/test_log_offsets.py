"""A recommender without a connection to the log gives no outdated answer, and continues where it was when the log is back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from harness.recommender import RecommenderDriver, running_recommender
from harness.waiting import eventually
from harness.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.brokers import RunningBroker
    from harness.gateway import GatewayDriver
    from harness.stack import Stack

STAR_WARS, TOY_STORY = "50", "1"
RESTARTS = 'recommender_log_reader_restarts_total{stream="interactions"}'
ATTACHED = 'recommender_log_reader_attached{stream="interactions"}'


@pytest.fixture(scope="module")
def wire(running: RunningBroker) -> Iterator[Wire]:
    with Wire(running.amqp_url) as wire:
        yield wire


@pytest.fixture(scope="module")
def behind(stack: Stack, wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecommenderDriver]:
    """A replica of the stack's recommender, which reaches the broker through the wire."""
    folder: Path = tmp_path_factory.mktemp("replica")
    with running_recommender(stack.data, wire.url, folder) as driver:
        yield driver


@pytest.fixture
def frozen(wire: Wire, behind: RecommenderDriver) -> Iterator[Wire]:
    eventually(lambda: behind.metric(ATTACHED) == 1, within=20)
    wire.freeze()
    yield wire
    wire.thaw()


def rate_and_be_read(gateway: GatewayDriver, user_id: str, item_id: str) -> int:
    """Rate a film. Return its offset, which the stack's own recommender has reached."""
    offset = int(gateway.rate(user_id, item_id, 5)["offset"])
    assert gateway.recommend(user_id, min_offset=offset)["source"] == "model"
    return offset


def test_a_replica_that_is_behind_refuses_in_time_instead_of_giving_an_outdated_answer(
    gateway: GatewayDriver, behind: RecommenderDriver, frozen: Wire, user_id: str
) -> None:
    offset = rate_and_be_read(gateway, user_id, STAR_WARS)

    reason = behind.refusal(user_id, min_offset=offset, within=1)

    assert reason == "OFFSET_NOT_REACHED"


def test_a_replica_that_is_behind_answers_as_soon_as_it_has_read_the_log(
    gateway: GatewayDriver, behind: RecommenderDriver, frozen: Wire, user_id: str
) -> None:
    offset = rate_and_be_read(gateway, user_id, STAR_WARS)

    with ThreadPoolExecutor(1) as executor:
        asked = executor.submit(behind.recommend, user_id, min_offset=offset, within=20)
        with pytest.raises(TimeoutError):
            asked.result(0.5)
        frozen.thaw()
        answer = asked.result(20)

    assert answer.as_of_offset >= offset
    assert {why.item_id for item in answer.items for why in item.why} == {STAR_WARS}


def test_a_replica_whose_connection_is_cut_continues_where_it_was(
    gateway: GatewayDriver, behind: RecommenderDriver, wire: Wire, user_id: str
) -> None:
    offset = rate_and_be_read(gateway, user_id, STAR_WARS)
    behind.recommend(user_id, min_offset=offset, within=20)

    wire.cut()
    eventually(lambda: behind.metric(ATTACHED) == 0, within=20)
    missed = rate_and_be_read(gateway, user_id, TOY_STORY)
    wire.repair()

    answer = behind.recommend(user_id, min_offset=missed, within=20)
    assert {why.item_id for item in answer.items for why in item.why} == {STAR_WARS, TOY_STORY}
    assert behind.metric(RESTARTS) == 0
