"""A broker for the tests: a container where an engine answers, else a private node of the machine's RabbitMQ."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pika
from pika.exceptions import AMQPError

from harness.containers import running_container
from harness.engine import MUST_ANSWER, image_of, why_no_engine, why_no_image
from harness.waiting import eventually
from infra.local.broker import PrivateBroker
from infra.local.broker_node import LIMITS
from infra.local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker.models.containers import Container

LIMITS_IN_CONTAINER = "/etc/rabbitmq/conf.d/30-limits.conf"
START_SECONDS = 60


class RunningBroker(Protocol):
    """A broker that a test may kill and start again with its data, freeze, and ask as its operator."""

    @property
    def amqp_url(self) -> str: ...
    def kill(self) -> None: ...
    def start(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...
    def control(self, *arguments: str) -> str: ...
    def import_definitions(self, path: Path) -> None: ...


@contextmanager
def running_broker(folder: Path) -> Iterator[RunningBroker]:
    """Gives a broker that nobody else uses."""
    image = image_of("RABBITMQ_IMAGE")
    with container_broker(image) if can_run(image) else LocalBroker(folder) as broker:
        yield broker


def add_virtual_host(broker: RunningBroker, name: str) -> str:
    """Gives the address of queues and streams that nobody else uses, as on a broker of their own."""
    broker.control("add_vhost", name)
    broker.control("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
    return f"{broker.amqp_url}{name}"


def can_run(image: str) -> bool:
    """Where containers are a must, says yes: what is missing then fails the test."""
    return MUST_ANSWER or (why_no_engine() is None and why_no_image(image) is None)


class ContainerBroker:
    """A container whose port on the host stays the same when it is started again."""

    def __init__(self, container: Container, port: int) -> None:
        self._container = container
        self.amqp_url = f"amqp://guest:guest@{LOOPBACK}:{port}/"

    @property
    def version(self) -> str:
        return self.control("version")

    def control(self, *arguments: str) -> str:
        """Runs rabbitmqctl, and gives what it prints."""
        code, output = self._container.exec_run(["rabbitmqctl", "--quiet", *arguments])
        assert code == 0, f"{arguments}: {output.decode()}"
        return str(output, "utf-8").strip()

    def import_definitions(self, path: Path) -> None:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(path, path.name)
        self._container.put_archive("/etc/rabbitmq", archive.getvalue())
        self.control("import_definitions", f"/etc/rabbitmq/{path.name}")

    def freeze(self) -> None:
        self._container.pause()

    def thaw(self) -> None:
        self._container.unpause()

    def kill(self) -> None:
        self._container.kill()

    def start(self) -> None:
        self._container.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """The port alone says nothing: the engine opens it with the container."""
        eventually(self._takes_connections, within=START_SECONDS, what="a broker that takes connections")

    def _takes_connections(self) -> bool:
        try:
            pika.BlockingConnection(pika.URLParameters(self.amqp_url)).close()
        except AMQPError:
            return False
        return True


class LocalBroker(PrivateBroker):
    """A private node that can be frozen, and asked as its operator."""

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, signum: int) -> None:
        assert self._server is not None, "the node isn't started"
        os.killpg(self._server.pid, signum)

    def control(self, *arguments: str, given: str = "") -> str:
        """`given` is what the program reads from its standard input."""
        rabbitmqctl = Path(self.node.server_command()[0]).with_name("rabbitmqctl")
        environment = {**os.environ, **self.node.variables()}
        command = [str(rabbitmqctl), "--quiet", *arguments]
        ended = subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"{arguments}: {ended.stdout}{ended.stderr}"
        return ended.stdout.strip()

    def import_definitions(self, path: Path) -> None:
        # In the locale C the program can't read a path with an accent.
        self.control("import_definitions", given=path.read_text("utf-8"))


@contextmanager
def frozen(broker: RunningBroker) -> Iterator[None]:
    """The broker stands still, with all its connections open, while the block runs."""
    broker.freeze()
    try:
        yield
    finally:
        broker.thaw()


@contextmanager
def memory_alarm(broker: RunningBroker) -> Iterator[None]:
    """The broker is short of memory while the block runs: it blocks whoever publishes."""
    broker.control("set_vm_memory_high_watermark", "0")
    try:
        yield
    finally:
        broker.control("set_vm_memory_high_watermark", "0.6")


@contextmanager
def container_broker(image: str, files: Mapping[str, Path] | None = None) -> Iterator[ContainerBroker]:
    """`files` are copied into the container, by their places in it."""
    with running_container(image, 5672, files={LIMITS_IN_CONTAINER: LIMITS, **(files or {})}) as (container, port):
        broker = ContainerBroker(container, port)
        broker.wait_until_ready()
        yield broker
