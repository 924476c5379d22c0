"""One minute of the soak: clients write while each part of the stack fails, then everything that was accepted is counted."""

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
    """Two of each process."""
    containers.scale_recommenders(2)
    return containers


def test_what_was_accepted_is_there_once_whichever_part_failed(breakable: ContainerStack) -> None:
    told: list[str] = []

    report = Conductor(breakable, PLAN, told.append).run()

    assert report.findings.are_none, "\n".join([*told, *report.lines])
    assert {row.name.split()[1] for row in report.rows} == set(TARGETS)
