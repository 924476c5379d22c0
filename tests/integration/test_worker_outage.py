"""The broker fails and recovers: nothing hangs, and no job runs twice."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pika.exceptions import AMQPError

from harness.waiting import eventually
from harness.worker import running_worker
from ml_service.adapters.broker.envelope import Publication
from ml_service.adapters.broker.publisher import Publisher
from ml_service.adapters.sql.database import migrate, open_engine
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.domain import Job, JobState
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

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
    with pytest.raises(Unavailable) as refused:
        publisher.publish(publication(), timeout_seconds=1)
    running.start()

    assert refused.value.reason == "BROKER_UNAVAILABLE"
    eventually(lambda: publisher.is_attached, within=20)
    publisher.publish(publication())
    assert publisher.stop()


def test_a_job_that_runs_during_an_outage_runs_once(
    running: RunningBroker, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    job_id = jobs.request("compute:2")
    jobs.fact(job_id, "JobStarted")

    running.kill()
    eventually(lambda: worker.record(job_id).state is JobState.SUCCEEDED, within=20)
    running.start()

    assert jobs.outcome(job_id).attempt == 1
    eventually(lambda: worker.is_ready and broker.depth("jobs") == 0, within=30)
    assert len(jobs.facts(job_id, "JobStarted")) == 1


def test_a_job_whose_worker_died_with_the_broker_is_taken_over(
    running: RunningBroker, address: BrokerAddress, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    job_id = jobs.request()
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    SqlJobLedger(engine).claim(Job(job_id, "train"), "a worker that died")
    engine.dispose()
    with suppress(AMQPError), broker.channel() as channel:
        assert channel.basic_get("jobs")[0] is not None
        running.kill()
    running.start()

    with running_worker(address.url, address.definitions, tmp_path, name="other"):
        succeeded = jobs.outcome(job_id, within=60)

    assert (succeeded.DESCRIPTOR.name, succeeded.attempt) == ("JobSucceeded", 2)
