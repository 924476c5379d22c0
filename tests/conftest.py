"""Fixtures of the system tests: one broker and one trained data set for all tests, and a shared stack."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from harness.brokers import running_broker
from harness.proxies import use_dead_proxies
from harness.stack import ROOT, Stack
from harness.trained import trained_data

pytest_plugins = ["harness.container_fixtures"]
use_dead_proxies()
# A shell that runs the tests in the background lets them ignore SIGINT, and the programs that they start would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.broker import BrokerDriver
    from harness.brokers import RunningBroker
    from harness.gateway import GatewayDriver
    from harness.stack import Data


@pytest.fixture(scope="session")
def trained() -> Data:
    """A store with MovieLens 100K and a registry with one live version. Tests copy it."""
    return trained_data()


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with running_broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture(scope="session")
def broker_url(shared_broker: RunningBroker) -> str:
    return shared_broker.amqp_url


@pytest.fixture(scope="session")
def stack(trained: Data, broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack that tests share. They use users of their own and leave its processes running."""
    folder = tmp_path_factory.mktemp("stack")
    with Stack(trained.copy_to(folder / "data"), broker_url, folder) as stack:
        yield stack


@pytest.fixture(scope="session")
def gateway(stack: Stack) -> GatewayDriver:
    return stack.gateway


@pytest.fixture(scope="session")
def broker(stack: Stack) -> BrokerDriver:
    return stack.broker


@pytest.fixture
def user_id() -> str:
    """A user that no other test knows."""
    return f"user-{uuid4()}"


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT
