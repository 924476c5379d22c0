"""A stack that tests may break. Each leaves every process running again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.brokers import running_broker
from harness.stack import Data, Stack
from harness.topology import write_hasty_definitions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.brokers import RunningBroker
    from harness.container_stack import ContainerStack
    from harness.gateway import GatewayDriver

#: Longer than a fault of the soak's minute holds, so that the last retry comes when it is over.
RETRY_MS = 5000


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with running_broker(tmp_path_factory.mktemp("breakable-broker")) as broker:
        yield broker


@pytest.fixture(scope="session")
def stack(trained: Data, running: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("breakable")
    with Stack(trained.copy_to(folder / "data"), running.amqp_url, folder) as stack:
        yield stack


@pytest.fixture
def other_gateway(stack: Stack) -> Iterator[GatewayDriver]:
    """A second gateway, while one test runs."""
    driver = stack.add_gateway()
    process = stack.gateways[-1]
    process.restart()
    yield driver
    if process.is_running:
        process.terminate()


@pytest.fixture(scope="session")
def gateway(stack: Stack) -> GatewayDriver:
    return stack.gateway


@pytest.fixture(scope="session")
def containers(container_run: str, movielens_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerStack]:
    """The stack in containers that tests may break: two gateways, two recommenders, two workers."""
    from harness.container_stack import ContainerStack  # noqa: PLC0415  testcontainers asks for the engine when it is imported

    definitions = write_hasty_definitions(tmp_path_factory.mktemp("definitions") / "definitions.json", RETRY_MS)
    with ContainerStack(container_run, movielens_cache, replicas=2, definitions=definitions) as stack:
        yield stack
