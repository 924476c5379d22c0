"""The broker goes and comes back: nothing hangs, nothing is done twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from harness.waiting import eventually
from ml_service.adapters.broker.envelope import Publication
from ml_service.adapters.broker.publisher import Publisher
from ml_service.domain import JobState
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from harness.broker import BrokerDriver
    from harness.brokers import RunningBroker
    from harness.worker import JobsDriver, WorkerDriver
    from ml_service.adapters.broker.connection import BrokerAddress


def publication() -> Publication:
    return Publication("", "interactions", "test", str(uuid4()), b"")


def test_a_publisher_refuses_in_time_while_the_broker_is_down_and_recovers(running: RunningBroker, address: BrokerAddress) -> None:
    publisher = Publisher(address)
    publisher.start()
    publisher.publish(publication())

    running.kill()
    began = time.monotonic()
    with pytest.raises(Unavailable) as refused:
        publisher.publish(publication(), timeout_seconds=1)
    took_seconds = time.monotonic() - began
    running.start()

    assert refused.value.reason == "BROKER_UNAVAILABLE"
    assert took_seconds < 1.5
    eventually(lambda: publisher.is_attached, within=20)
    publisher.publish(publication())
    assert publisher.stop()


def test_a_job_that_runs_through_an_outage_is_run_once(
    running: RunningBroker, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    job_id = jobs.ask("compute:2")
    jobs.fact(job_id, "JobStarted")

    running.kill()
    eventually(lambda: worker.record(job_id).state is JobState.SUCCEEDED, within=20)
    running.start()

    assert jobs.outcome(job_id).attempt == 1
    eventually(lambda: worker.is_ready and broker.depth("jobs") == 0, within=30)
    assert len(jobs.facts(job_id, "JobStarted")) == 1
