"""A broker for the tests of the Python service's broker code, with retry delays that are short enough for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.broker import BrokerDriver
from harness.brokers import container_broker, running_broker
from harness.topology import write_hasty_definitions
from harness.worker import JobsDriver, running_worker
from ml_service.adapters.broker.connection import BrokerAddress
from ml_service.adapters.broker.publisher import Publisher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.brokers import RunningBroker
    from harness.worker import WorkerDriver

RETRY_MS = 200
#: The oldest tested version. The node of a machine with Debian 12 has this version too.
OLDEST = "RABBITMQ_3_10_IMAGE"


@pytest.fixture(scope="session", params=["default", "3.10"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    is_oldest = request.param == "3.10"
    folder = tmp_path_factory.mktemp("integration-broker")
    with container_broker(OLDEST) if is_oldest else running_broker(folder) as broker:
        yield broker


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hasty_definitions(tmp_path_factory.mktemp("definitions") / "definitions.json", RETRY_MS)


@pytest.fixture
def address(running: RunningBroker, definitions: Path) -> BrokerAddress:
    return BrokerAddress(running.amqp_url, definitions)


@pytest.fixture
def broker(address: BrokerAddress) -> BrokerDriver:
    return BrokerDriver(address.url)


@pytest.fixture
def publisher(address: BrokerAddress) -> Iterator[Publisher]:
    publisher = Publisher(address)
    publisher.start()
    yield publisher
    assert publisher.stop()


@pytest.fixture
def jobs(address: BrokerAddress) -> Iterator[JobsDriver]:
    with JobsDriver(address) as driver:
        yield driver


@pytest.fixture
def worker(address: BrokerAddress, tmp_path: Path) -> Iterator[WorkerDriver]:
    with running_worker(address.url, address.definitions, tmp_path) as driver:
        yield driver
