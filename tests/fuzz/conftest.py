"""A stack for attacks, on a virtual host of its own, so that other tests' workers don't get its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.brokers import add_virtual_host
from harness.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.brokers import RunningBroker
    from harness.stack import Data

SHORT_SECONDS = 10


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-seconds", type=int, default=SHORT_SECONDS, help="how long each tool may try")


@pytest.fixture(scope="session")
def fuzz_seconds(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--fuzz-seconds"))


@pytest.fixture(scope="session")
def target(trained: Data, shared_broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack without a worker, because the jobs that the tools request would only keep the machine busy."""
    folder = tmp_path_factory.mktemp("target")
    with Stack(trained.copy_to(folder / "data"), add_virtual_host(shared_broker, "target"), folder) as stack:
        stack.worker.terminate()
        yield stack


@pytest.fixture(autouse=True)
def target_lives_on(target: Stack) -> Iterator[None]:
    yield
    assert target.gateway_process.is_running
    assert target.recommender.is_running
    assert target.gateway.recommend("1")["items"]
