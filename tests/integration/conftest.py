"""A broker of their own for the tests of the Python service's broker code, with retry delays that tests can wait for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.broker import BrokerDriver
from harness.brokers import running_broker
from harness.stack import ROOT
from harness.worker import JobsDriver, running_worker
from ml_service.adapters.broker.connection import BrokerAddress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.brokers import RunningBroker
    from harness.worker import WorkerDriver

RETRY_MS = 200


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with running_broker(tmp_path_factory.mktemp("integration-broker")) as broker:
        yield broker


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contract, but the waits of the retry queues are short."""
    topology = json.loads((ROOT / "infra" / "rabbitmq" / "definitions.json").read_text("utf-8"))
    for queue in topology["queues"]:
        if queue["name"].startswith("jobs.retry."):
            queue["arguments"]["x-message-ttl"] = RETRY_MS
    path = tmp_path_factory.mktemp("definitions") / "definitions.json"
    path.write_text(json.dumps(topology), "utf-8")
    return path


@pytest.fixture
def address(running: RunningBroker, definitions: Path) -> BrokerAddress:
    return BrokerAddress(running.amqp_url, definitions)


@pytest.fixture
def broker(address: BrokerAddress) -> BrokerDriver:
    return BrokerDriver(address.url)


@pytest.fixture
def jobs(address: BrokerAddress) -> Iterator[JobsDriver]:
    with JobsDriver(address) as driver:
        yield driver


@pytest.fixture
def worker(address: BrokerAddress, tmp_path: Path) -> Iterator[WorkerDriver]:
    with running_worker(address.url, address.definitions, tmp_path) as driver:
        yield driver
