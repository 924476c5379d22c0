"""Jobs that run longer than the broker's consumer timeout keep their channel, and run once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pika
import pytest

from harness.broker import BrokerDriver
from harness.brokers import running_broker
from harness.stack import ROOT
from harness.waiting import eventually
from harness.worker import JobsDriver, running_worker
from ml_service.adapters.broker.connection import BrokerAddress
from ml_service.config import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.brokers import RunningBroker

#: The first version that supports `x-consumer-timeout`.
FIRST_VERSION = [3, 12]
TIMEOUT_MS = 2000
#: The broker looks for late consumers at each tick, by default once a minute.
SET_TIMEOUT = f"application:set_env(rabbit, consumer_timeout, {TIMEOUT_MS}), application:set_env(rabbit, channel_tick_interval, 500)."
GET_TIMEOUT = "{ok, Timeout} = application:get_env(rabbit, consumer_timeout), Timeout."


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """A broker with our configuration."""
    with running_broker(tmp_path_factory.mktemp("long-work-broker")) as broker:
        yield broker


@pytest.fixture
def hasty(ours: RunningBroker) -> Iterator[RunningBroker]:
    """A broker that waits two seconds for an acknowledgement."""
    if [int(number) for number in ours.control("version").split(".")[:2]] < FIRST_VERSION:
        pytest.skip("this broker lets no queue ask for a timeout of its own")
    previous = ours.control("eval", GET_TIMEOUT)
    ours.control("eval", SET_TIMEOUT)
    yield ours
    ours.control("eval", f"application:set_env(rabbit, consumer_timeout, {previous}).")


@pytest.fixture
def address(hasty: RunningBroker) -> BrokerAddress:
    """The address with a heartbeat of 1 s: a connection is dead after two seconds of silence."""
    return BrokerAddress(f"{hasty.amqp_url}?heartbeat=1", ROOT / "infra" / "rabbitmq" / "definitions.json")


def test_our_brokers_consumer_timeout_is_longer_than_a_job_may_run(ours: RunningBroker) -> None:
    timeout_ms = int(ours.control("eval", GET_TIMEOUT))

    assert timeout_ms / 1000 > Settings.model_fields["worker_job_deadline_seconds"].default


def test_an_ordinary_consumer_that_is_late_loses_its_channel(hasty: RunningBroker) -> None:
    with BrokerDriver(hasty.amqp_url).channel() as channel:
        channel.queue_declare("late", durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish("", "late", b"", pika.BasicProperties(delivery_mode=2))
        channel.basic_consume("late", lambda *_: None)

        def is_closed() -> bool:
            channel.connection.process_data_events(time_limit=0.1)
            return bool(channel.is_closed)

        eventually(is_closed, within=20)


def test_a_job_longer_than_heartbeats_and_consumer_timeout_keeps_its_channel(address: BrokerAddress, tmp_path: Path) -> None:
    with JobsDriver(address) as jobs, running_worker(address.url, address.definitions, tmp_path):
        job_id = jobs.request("compute:6")

        succeeded = jobs.outcome(job_id)
        jobs.outcome(jobs.request())

        assert succeeded.attempt == 1
        # A redelivered message would have its outcome published again.
        assert [len(jobs.facts(job_id, name)) for name in ("JobStarted", "JobSucceeded")] == [1, 1]
