"""A broker for the tests: a container where an engine answers, else a node of the RabbitMQ that is installed on the machine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from testcontainers.community.rabbitmq import RabbitMqContainer

from harness.broker_node import LIMITS, LocalBroker
from harness.engine import MUST_ANSWER, OPTIONS, image_of, publish, require_image, why_not
from harness.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextmanager
def running_broker(folder: Path) -> Iterator[RunningBroker]:
    """Run a broker for one test suite. Without an engine its data is in `folder`; with REQUIRE_DOCKER=1 that is a failure."""
    can_run = MUST_ANSWER or why_not(image_of("RABBITMQ_IMAGE")) is None
    with container_broker("RABBITMQ_IMAGE") if can_run else LocalBroker(folder) as broker:
        yield broker


@contextmanager
def container_broker(variable: str, files: Mapping[str, Path] | None = None) -> Iterator[ContainerBroker]:
    """Run the image that this variable names. `files` are copied into its configuration folder, by their names there."""
    container = RabbitMqContainer(require_image(variable), **OPTIONS)
    for name, file in {"30-limits.conf": LIMITS, **(files or {})}.items():
        container.with_copy_into_container(file, f"/etc/rabbitmq/conf.d/{name}")
    port = publish(container, container.port)
    with container:
        yield ContainerBroker(container, port)


class ContainerBroker:
    def __init__(self, container: RabbitMqContainer, port: int) -> None:
        self._rabbitmq = container
        self._container = container.get_wrapped_container()
        self.amqp_url = f"amqp://guest:guest@{LOOPBACK}:{port}/"

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl. Return what it prints."""
        code, output = self._rabbitmq.exec(["rabbitmqctl", "--quiet", *arguments])
        assert code == 0, f"{arguments}: {output.decode()}"
        return str(output, "utf-8").strip()

    def import_definitions(self, path: Path) -> None:
        self._rabbitmq.copy_into_container(path, f"/etc/rabbitmq/{path.name}")
        self.control("import_definitions", f"/etc/rabbitmq/{path.name}")

    def freeze(self) -> None:
        self._container.pause()

    def thaw(self) -> None:
        self._container.unpause()

    def kill(self) -> None:
        self._container.kill()

    def start(self) -> None:
        self._container.start()
        self._rabbitmq.readiness_probe()


#: A broker that a test may kill and start again with its data, freeze, and control as an operator.
RunningBroker: TypeAlias = ContainerBroker | LocalBroker


def add_virtual_host(broker: RunningBroker, name: str) -> str:
    """Return the URL of a new virtual host: its queues and streams are as separate as on a broker of their own."""
    broker.control("add_vhost", name)
    broker.control("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
    return f"{broker.amqp_url}{name}"


@contextmanager
def frozen(broker: RunningBroker) -> Iterator[None]:
    """Freeze the broker while the block runs. Its connections stay open."""
    broker.freeze()
    try:
        yield
    finally:
        broker.thaw()


@contextmanager
def memory_alarm(broker: RunningBroker) -> Iterator[None]:
    """Raise the broker's memory alarm while the block runs, so that it blocks every publisher."""
    broker.control("set_vm_memory_high_watermark", "0")
    try:
        yield
    finally:
        broker.control("set_vm_memory_high_watermark", "0.6")
