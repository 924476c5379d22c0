"""The example of docs/how-to/test-with-containers.md: our worker in a container, with a broker and a database on its network."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pika
import pytest
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.rabbitmq import RabbitMqContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network
from testcontainers.core.wait_strategies import ExecWaitStrategy

from harness.engine import require_image
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network() as network:
        yield network


@pytest.fixture(scope="module")
def rabbitmq(network: Network) -> Iterator[RabbitMqContainer]:
    broker = RabbitMqContainer(require_image("RABBITMQ_IMAGE"), hostname="rabbitmq")
    with broker.with_network(network).with_network_aliases("rabbitmq"):
        yield broker


@pytest.fixture(scope="module")
def postgres(network: Network) -> Iterator[PostgresContainer]:
    database = PostgresContainer(require_image("POSTGRES_IMAGE"))
    with database.with_network(network).with_network_aliases("postgres"):
        yield database


@pytest.fixture(scope="module")
def worker(network: Network, rabbitmq: RabbitMqContainer, postgres: PostgresContainer) -> Iterator[DockerContainer]:
    worker = DockerContainer(require_image("ML_SERVICE_IMAGE"))
    worker.with_command(["sh", "-c", "python -m ml_service migrate && exec python -m ml_service work"])
    worker.with_env("AMQP_URL", "amqp://guest:guest@rabbitmq/").with_env("DATABASE_URL", "postgresql+psycopg://test:test@postgres/test")
    worker.waiting_for(ExecWaitStrategy(["probe", "8082", "/readyz"]))
    with worker.with_network(network):
        yield worker


def test_a_message_that_is_no_job_is_dead_lettered(rabbitmq: RabbitMqContainer, worker: DockerContainer) -> None:
    with closing(pika.BlockingConnection(rabbitmq.get_connection_params())) as connection:
        channel = connection.channel()

        channel.basic_publish("", "jobs", b"no job")

        eventually(lambda: channel.queue_declare("jobs.dead", passive=True).method.message_count == 1, within=20)
