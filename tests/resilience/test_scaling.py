"""Recommenders in containers start and stop while clients ask: no request fails, and each replica gets its share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.asking import AskingAllTheTime
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.container_stack import ContainerStack

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]

#: A gateway resolves the name again when a connection ends. The recommenders end connections after 5 s.
NOTICED_SECONDS = 30
#: With an even spread over three, each serves a third. A replica that only one of two gateways knows serves a sixth.
FAIR_SHARE = 1 / 4


@pytest.fixture
def asking(containers: ContainerStack) -> Iterator[AskingAllTheTime]:
    with AskingAllTheTime([gateway.port for gateway in containers.gateways]) as asking:
        asking.wait_for_answers(100)
        yield asking


def shares(containers: ContainerStack, asking: AskingAllTheTime) -> list[float]:
    """Return each recommender's share of the next calls, by its own count."""
    before = [recommender.metric("recommender_batch_size_count") for recommender in containers.recommenders]
    asking.wait_for_answers(200)
    after = [recommender.metric("recommender_batch_size_count") for recommender in containers.recommenders]
    served = [late - early for early, late in zip(before, after, strict=True)]
    return [each / sum(served) for each in served]


def test_added_recommenders_are_noticed_and_share_the_calls(containers: ContainerStack, asking: AskingAllTheTime) -> None:
    containers.scale_recommenders(3)

    spread = eventually(lambda: min(found := shares(containers, asking)) >= FAIR_SHARE and found, within=NOTICED_SECONDS)

    assert len(spread) == 3
    assert asking.failures == []


def test_no_request_fails_while_recommenders_get_sigterm(containers: ContainerStack, asking: AskingAllTheTime) -> None:
    containers.scale_recommenders(3)
    eventually(lambda: min(shares(containers, asking)) >= FAIR_SHARE, within=NOTICED_SECONDS)

    exit_codes = containers.scale_recommenders(1)
    asking.wait_for_answers(200)

    assert exit_codes == [0, 0]
    assert asking.failures == []
