"""Each service's broker user has the permissions that the service needs, and no others."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from pika.exceptions import ChannelClosedByBroker

from harness.secured import add_users
from ml_service.adapters.broker.connection import BrokerAddress, connect
from ml_service.adapters.broker.topology import prepare_topology

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pika.adapters.blocking_connection import BlockingChannel

    from harness.brokers import RunningBroker

ACCESS_REFUSED = 403
OFFSET = {"x-stream-offset": "next"}


@dataclass(frozen=True)
class User:
    """The operations of a service on the broker, with that service's user."""

    address: BrokerAddress
    channel: BlockingChannel

    def publish(self, exchange: str, routing_key: str) -> None:
        """Publish in a transaction and roll it back, so that no other user of this broker finds the message."""
        self.channel.tx_select()
        self.channel.basic_publish(exchange, routing_key, b"body of a test")
        self.channel.tx_rollback()

    def read(self, queue: str) -> None:
        """Consume from a queue or stream. Nothing is acknowledged before the channel ends."""
        self.channel.basic_qos(prefetch_count=1)
        self.channel.basic_consume(queue, lambda *_: None, arguments=OFFSET if queue in {"interactions", "job-events"} else None)

    def declare(self, queue: str) -> None:
        self.channel.queue_declare(queue, exclusive=True)

    def listen_for_hints(self) -> None:
        queue = self.channel.queue_declare("", exclusive=True, auto_delete=True).method.queue
        self.channel.queue_bind(queue, "models")
        self.channel.basic_consume(queue, lambda *_: None, auto_ack=True)

    def find_topology(self) -> None:
        prepare_topology(self.channel, self.address)

    def declare_topology(self) -> None:
        prepare_topology(self.channel, replace(self.address, may_declare=True))

    def delete(self, queue: str) -> None:
        self.channel.queue_delete(queue)

    def purge(self, queue: str) -> None:
        self.channel.queue_purge(queue)

    def overhear(self, exchange: str) -> None:
        queue = self.channel.queue_declare("", exclusive=True).method.queue
        self.channel.queue_bind(queue, exchange, "#")


@pytest.fixture(scope="session")
def passwords(running: RunningBroker, definitions: Path) -> dict[str, str]:
    return add_users(running, definitions)


@pytest.fixture
def user(request: pytest.FixtureRequest, running: RunningBroker, definitions: Path, passwords: dict[str, str]) -> Iterator[User]:
    name = request.param
    url = f"amqp://{name}:{passwords[name]}@127.0.0.1:{urlsplit(running.amqp_url).port}/"
    address = BrokerAddress(url, definitions, may_declare=False)
    connection = connect(name, address)
    try:
        yield User(address, connection.channel())
    finally:
        connection.close()


@pytest.fixture
def unmet(definitions: Path, tmp_path: Path) -> Path:
    """Definitions with a queue that the broker doesn't have."""
    contract = json.loads(definitions.read_text("utf-8"))
    contract["queues"].append({"name": "forgotten", "durable": True, "auto_delete": False, "arguments": {}})
    path = tmp_path / "unmet.json"
    path.write_text(json.dumps(contract), "utf-8")
    return path


NEEDED = [
    *[("gateway", "publish", *to) for to in (("interactions", ""), ("jobs", "job.requested"), ("jobs", "job.cancel_requested"))],
    *[("gateway", "read", stream) for stream in ("interactions", "job-events")],
    *[(name, "listen_for_hints") for name in ("gateway", "recommender")],
    *[(name, "find_topology") for name in ("gateway", "recommender", "worker")],
    *[("recommender", "publish", *to) for to in (("models", ""), ("jobs", "job.replayed"), ("", "jobs"))],
    *[("recommender", "read", queue) for queue in ("interactions", "jobs.dead")],
    ("recommender", "declare", "jobs.dead.viewer"),
    *[("worker", "publish", "jobs", f"job.{fact}") for fact in ("started", "progressed", "succeeded", "retried", "failed", "cancelled")],
    *[("worker", "publish", *to) for to in (("models", ""), ("", "jobs.retry.1"), ("", "job-events"))],
    *[("worker", "read", queue) for queue in ("interactions", "job-events", "jobs")],
    ("worker", "declare", "interactions.projector"),
]
REFUSED = [
    *[("gateway", "publish", *to) for to in (("", "jobs.dead"), ("jobs", "job.succeeded"), ("models", ""))],
    *[("gateway", "read", queue) for queue in ("jobs", "jobs.dead", "jobs.retry.1")],
    *[("recommender", "publish", *to) for to in (("interactions", ""), ("jobs", "job.requested"), ("jobs", "job.succeeded"))],
    *[("recommender", "read", queue) for queue in ("jobs", "job-events")],
    ("recommender", "declare", "interactions.projector"),
    *[("worker", "publish", *to) for to in (("interactions", ""), ("jobs", "job.requested"), ("jobs", "job.replayed"))],
    ("worker", "read", "jobs.dead"),
    *[(name, "overhear", "jobs") for name in ("gateway", "recommender", "worker")],
    *[(name, "declare", "another") for name in ("gateway", "recommender", "worker")],
    *[(name, "declare_topology") for name in ("gateway", "recommender", "worker")],
    *[(name, "delete", queue) for name in ("gateway", "recommender", "worker") for queue in ("interactions", "jobs", "jobs.dead")],
    *[(name, "purge", "jobs.retry.1") for name in ("gateway", "recommender", "worker")],
]


def split(rows: list[tuple[str, ...]]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(name, what, tuple(arguments)) for name, what, *arguments in rows]


@pytest.mark.parametrize(("user", "what", "arguments"), split(NEEDED), indirect=["user"])
def test_a_user_may_do_what_its_service_needs(user: User, what: str, arguments: tuple[str, ...]) -> None:
    getattr(user, what)(*arguments)

    assert user.channel.is_open


@pytest.mark.parametrize("user", ["worker"], indirect=True)
def test_the_error_names_a_queue_that_is_not_declared(user: User, unmet: Path) -> None:
    with pytest.raises(ChannelClosedByBroker, match="no queue 'forgotten'"):
        prepare_topology(user.channel, replace(user.address, definitions=unmet))


@pytest.mark.parametrize(("user", "what", "arguments"), split(REFUSED), indirect=["user"])
def test_a_user_may_do_nothing_else(user: User, what: str, arguments: tuple[str, ...]) -> None:
    with pytest.raises(ChannelClosedByBroker) as refusal:
        getattr(user, what)(*arguments)

    assert refusal.value.reply_code == ACCESS_REFUSED
