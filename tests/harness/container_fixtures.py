"""Fixtures of the container suites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.container_stack import ContainerStack
from harness.proxies import proxies_of_the_machine
from harness.stack import ROOT
from harness.topology import write_hasty_definitions
from ml_service.adapters.datasets.movielens import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Longer than a fault of the one-minute soak lasts, so that the last retry comes after the fault.
RETRY_MS = 5000


@pytest.fixture(scope="session")
def movielens_cache() -> Path:
    """The folder with the data set's file, which containers mount."""
    cache = ROOT / ".run" / "cache"
    with proxies_of_the_machine():
        fetch(cache)
    return cache


@pytest.fixture(scope="session")
def containers(movielens_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerStack]:
    """The stack in containers, with two gateways, two workers and two recommenders. Tests share it, break parts of it and scale it."""
    definitions = write_hasty_definitions(tmp_path_factory.mktemp("definitions") / "definitions.json", RETRY_MS)
    with ContainerStack(movielens_cache, replicas=2, definitions=definitions) as stack:
        yield stack
