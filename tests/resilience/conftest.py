"""A stack that tests may break. Each test leaves every process running again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.brokers import running_broker
from harness.stack import Data, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.brokers import RunningBroker
    from harness.gateway import GatewayDriver


#: Shorter than by default, so that the broker gives a frozen worker's job to another one sooner.
WORKER_HEARTBEAT_SECONDS = 5


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with running_broker(tmp_path_factory.mktemp("breakable-broker")) as broker:
        yield broker


@pytest.fixture(scope="session")
def stack(trained: Data, running: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("breakable")
    own_settings = {"worker": {"AMQP_URL": f"{running.amqp_url}?heartbeat={WORKER_HEARTBEAT_SECONDS}"}}
    with Stack(trained.copy_to(folder / "data"), running.amqp_url, folder, own_settings=own_settings) as stack:
        yield stack


@pytest.fixture(autouse=True)
def _mended(request: pytest.FixtureRequest) -> Iterator[None]:
    """Restart what a failed test left stopped, so that it breaks no other test."""
    yield
    if "stack" in request.fixturenames:
        request.getfixturevalue("stack").repair()


@pytest.fixture
def other_gateway(stack: Stack) -> Iterator[GatewayDriver]:
    """A second gateway for one test."""
    driver = stack.add_gateway()
    process = stack.gateways[-1]
    process.restart()
    yield driver
    if process.is_running:
        process.terminate()


@pytest.fixture(scope="session")
def gateway(stack: Stack) -> GatewayDriver:
    return stack.gateway
