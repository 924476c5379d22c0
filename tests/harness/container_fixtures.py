"""Fixtures of the container suites. Where containers can't be run the tests are skipped, and with REQUIRE_DOCKER=1 they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.engine import VARIABLES, image_of, require_image
from harness.leftovers import removing_what_is_labelled, run_name
from harness.proxies import proxies_of_the_machine
from harness.stack import ROOT
from harness.topology import write_hasty_definitions
from ml_service.adapters.datasets.movielens import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.container_stack import ContainerStack

#: Longer than a fault of the soak's minute holds, so that the last retry comes when it is over.
RETRY_MS = 5000


@pytest.fixture(scope="session")
def container_run() -> Iterator[str]:
    """The name that all containers of this run carry; none of them stays."""
    for variable in VARIABLES:
        require_image(image_of(variable))
    with removing_what_is_labelled(run_name()):
        yield run_name()


@pytest.fixture(scope="session")
def movielens_cache() -> Path:
    """The folder that holds the data set's file, to be mounted."""
    cache = ROOT / ".run" / "cache"
    with proxies_of_the_machine():
        fetch(cache)
    return cache


@pytest.fixture(scope="session")
def containers(container_run: str, movielens_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerStack]:
    """The stack in containers that tests share, and may break and scale: two gateways, two workers, a recommender or more."""
    from harness.container_stack import ContainerStack  # noqa: PLC0415  testcontainers asks for the engine when it is imported

    definitions = write_hasty_definitions(tmp_path_factory.mktemp("definitions") / "definitions.json", RETRY_MS)
    with ContainerStack(container_run, movielens_cache, replicas=2, definitions=definitions) as stack:
        yield stack
