"""A one-minute soak: clients write while each part of the stack fails, then the checker counts the effects of all accepted requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.soak.conductor import Conductor, Plan
from harness.soak.faults import TARGETS

if TYPE_CHECKING:
    from harness.container_stack import ContainerStack

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

PLAN = Plan(seed="nothing is lost", seconds=60, hold_seconds=(1, 4))


@pytest.fixture
def breakable(containers: ContainerStack) -> ContainerStack:
    """The stack with two replicas of each service."""
    containers.scale_recommenders(2)
    return containers


def test_accepted_requests_take_effect_once_whichever_part_fails(breakable: ContainerStack) -> None:
    lines: list[str] = []

    report = Conductor(breakable, PLAN, lines.append).run()

    assert report.findings.are_none, "\n".join([*lines, *report.lines])
    assert {row.name.split()[1] for row in report.rows} == set(TARGETS)
