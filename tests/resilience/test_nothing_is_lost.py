"""One minute of the soak: clients write while each part of the stack fails, then everything that was accepted is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.soak.conductor import Conductor, Plan
from harness.soak.faults import TARGETS
from harness.topology import write_hasty_definitions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.container_stack import ContainerStack

pytestmark = pytest.mark.timeout(600)

PLAN = Plan(seed="nothing is lost", seconds=60, hold_seconds=(1, 4))
#: The last retry then comes when every fault is over.
RETRY_MS = 5000


@pytest.fixture(scope="module")
def breakable(container_run: str, movielens_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerStack]:
    """A stack of its own: two of each process, and failed jobs that don't wait long."""
    from harness.container_stack import ContainerStack  # noqa: PLC0415  testcontainers asks for the engine when it is imported

    definitions = write_hasty_definitions(tmp_path_factory.mktemp("definitions") / "definitions.json", RETRY_MS)
    with ContainerStack(container_run, movielens_cache, replicas=2, definitions=definitions) as stack:
        yield stack


def test_what_was_accepted_is_there_once_whichever_part_failed(breakable: ContainerStack) -> None:
    told: list[str] = []

    report = Conductor(breakable, PLAN, told.append).run()

    assert report.findings.are_none, "\n".join([*told, *report.lines])
    assert {row.name.split()[1] for row in report.rows} == set(TARGETS)
