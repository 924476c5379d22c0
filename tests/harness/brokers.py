"""A broker for the tests: a container where an engine answers, else a private node of the machine's RabbitMQ."""

from __future__ import annotations

import gc
import os
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

import docker
from docker.errors import DockerException

from harness.waiting import eventually
from infra.local.broker import PrivateBroker
from infra.local.ports import LOOPBACK, free_ports, is_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testcontainers.community.rabbitmq import RabbitMqContainer


class RunningBroker(Protocol):
    """A broker that a test may kill and start again with its data."""

    @property
    def amqp_url(self) -> str: ...
    def kill(self) -> None: ...
    def start(self) -> None: ...


@contextmanager
def running_broker(folder: Path) -> Iterator[RunningBroker]:
    """Gives a broker that nobody else uses."""
    with _container() if engine_answers() else PrivateBroker(folder) as broker:
        yield broker


def engine_answers() -> bool:
    has_answered = False
    with warnings.catch_warnings(), suppress(DockerException):
        # A client that finds no engine leaves its socket to the garbage collector, which complains.
        warnings.simplefilter("ignore", ResourceWarning)
        docker.from_env(timeout=5).close()
        has_answered = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return has_answered


class ContainerBroker:
    """A container whose port on the host stays the same when it is started again."""

    def __init__(self, container: RabbitMqContainer, port: int) -> None:
        self._container = container
        self._port = port

    @property
    def amqp_url(self) -> str:
        return f"amqp://{self._container.username}:{self._container.password}@{LOOPBACK}:{self._port}/"

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def start(self) -> None:
        self._container.get_wrapped_container().start()
        eventually(lambda: is_open(LOOPBACK, self._port), within=60, what="the broker's port")


@contextmanager
def _container() -> Iterator[ContainerBroker]:
    from testcontainers.community.rabbitmq import RabbitMqContainer  # noqa: PLC0415  asks for the engine when it is imported

    (port,) = free_ports(1)
    container = RabbitMqContainer(os.environ.get("RABBITMQ_IMAGE", "rabbitmq:4.0-management")).with_bind_ports(5672, port)
    with container.with_kwargs(hostname="broker"):
        yield ContainerBroker(container, port)
