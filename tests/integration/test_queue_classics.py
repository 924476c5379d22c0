"""The classic tests of a queue, on a real broker with the real worker.

Ack and nack, a batch with a bad message, a poison message, the same message twice, a connection failure, a restart of the
broker, a slow consumer. The end-to-end ones are in e2e/test_queue_end_to_end.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from harness.waiting import eventually
from harness.wire import Wire
from harness.worker import running_worker
from ml_service.domain import JobState
from whynotboth.v1 import errors_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from harness.broker import BrokerDriver
    from harness.brokers import RunningBroker
    from harness.worker import JobsDriver, WorkerDriver
    from ml_service.adapters.broker.connection import BrokerAddress

JOB_REQUESTED = "whynotboth.v1.JobRequested"


@pytest.fixture
def no_old_dead_letters(broker: BrokerDriver, jobs: JobsDriver) -> None:
    """The queue of dead letters, declared and empty."""
    jobs.publish_raw("jobs.dead", b"", "somebody.Elses")
    broker.dead_letters()


def test_ack_and_nack_a_finished_message_is_gone_and_an_unfinished_one_returns(
    address: BrokerAddress, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    finished, unfinished = jobs.request(), jobs.request("wait")
    with running_worker(address.url, address.definitions, tmp_path) as worker:
        jobs.outcome(finished)
        jobs.fact(unfinished, "JobStarted")
        while_running = broker.depth("jobs")
        worker.stop(grace_seconds=0)

    returned = eventually(lambda: broker.take("jobs"), within=10)

    assert (while_running, returned.is_redelivered, broker.take("jobs")) == (0, True, None)
    assert returned.body == jobs.fact(unfinished, "JobRequested").SerializeToString()


@pytest.mark.usefixtures("no_old_dead_letters")
def test_batch_with_a_bad_message_all_other_jobs_are_done(worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver) -> None:
    bad = [b"\xff\xff", b"\x00"]
    job_ids = [jobs.request()]
    for body in bad:
        jobs.publish_raw("jobs", body, JOB_REQUESTED)
        job_ids.append(jobs.request())

    outcomes = [jobs.outcome(job_id).DESCRIPTOR.name for job_id in job_ids]

    assert outcomes == ["JobSucceeded"] * len(job_ids)
    assert (broker.dead_letters(), broker.depth("jobs")) == (bad, 0)


@pytest.mark.usefixtures("no_old_dead_letters")
def test_poison_message_its_attempts_are_bounded_and_the_worker_continues(
    worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    poison = jobs.request("crash")

    failed = jobs.outcome(poison, within=60)
    after = jobs.outcome(jobs.request())

    assert (failed.attempt, failed.error.reason) == (4, errors_pb2.ERROR_REASON_JOB_PROCESS_DIED)
    assert after.DESCRIPTOR.name == "JobSucceeded"
    assert (len(broker.dead_letters()), broker.depth("jobs")) == (1, 0)


def test_same_message_twice_it_takes_effect_once(worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver) -> None:
    job_id = str(uuid4())

    for _ in range(2):
        jobs.request("compute:0.2", job_id=job_id)

    eventually(lambda: len(jobs.facts(job_id, "JobSucceeded")) == 2, within=20, what="the outcome published for each message")
    assert [fact.attempt for fact in jobs.facts(job_id, "JobStarted")] == [1]
    assert broker.depth("jobs") == 0


def test_same_message_twice_while_the_job_runs_elsewhere_it_waits(
    address: BrokerAddress, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    job_id = jobs.request("compute:3")
    jobs.fact(job_id, "JobStarted")

    with running_worker(address.url, address.definitions, tmp_path, name="other"):
        jobs.request("compute:3", job_id=job_id)
        eventually(lambda: len(jobs.facts(job_id, "JobSucceeded")) == 2, within=30, what="the outcome published for each message")

    assert [fact.attempt for fact in jobs.facts(job_id, "JobStarted", "JobSucceeded")] == [1, 1, 1]
    assert (broker.depth("jobs"), broker.depth("jobs.retry.1")) == (0, 0)


def test_connection_failure_the_running_job_is_done_once(
    address: BrokerAddress, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    with Wire(address.url) as wire, running_worker(wire.url, address.definitions, tmp_path) as worker:
        job_id = jobs.request("compute:1")
        # Wait for a fact after the start: before the start is confirmed, the worker would wait for the broker.
        jobs.fact(job_id, "JobProgressed")

        wire.cut()
        eventually(lambda: worker.record(job_id).state is JobState.SUCCEEDED, within=20)
        wire.repair()

        assert jobs.outcome(job_id).attempt == 1
        eventually(lambda: worker.is_ready and broker.depth("jobs") == 0, within=30)
    assert len(jobs.facts(job_id, "JobStarted")) == 1


@pytest.mark.usefixtures("no_old_dead_letters")
def test_connection_failure_a_job_that_failed_meanwhile_is_still_dead_lettered(
    address: BrokerAddress, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    with Wire(address.url) as wire, running_worker(wire.url, address.definitions, tmp_path) as worker:
        job_id = jobs.request("compute:1", "be-invalid")
        # Wait for a fact after the start: before the start is confirmed, the worker would wait for the broker.
        jobs.fact(job_id, "JobProgressed")

        wire.cut()
        eventually(lambda: worker.record(job_id).state is JobState.FAILED, within=20)
        wire.repair()

        eventually(lambda: worker.is_ready and broker.depth("jobs") == 0 and jobs.facts(job_id, "JobFailed"), within=30)
        jobs.outcome(jobs.request())
    assert broker.dead_letters() == [jobs.fact(job_id, "JobRequested").SerializeToString()]


def test_restart_of_the_broker_running_and_waiting_jobs_are_done_once(
    running: RunningBroker, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    job_ids = [jobs.request("compute:2"), jobs.request(), jobs.request()]
    jobs.fact(job_ids[0], "JobStarted")

    running.kill()
    running.start()

    assert [jobs.outcome(job_id, within=60).attempt for job_id in job_ids] == [1, 1, 1]
    eventually(lambda: worker.is_ready and broker.depth("jobs") == 0, within=30)
    assert [len(jobs.facts(job_id, "JobStarted")) for job_id in job_ids] == [1, 1, 1]


def test_slow_consumer_holds_one_message_and_others_take_the_rest(
    address: BrokerAddress, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    slow = jobs.request("wait")
    jobs.fact(slow, "JobStarted")
    behind = [jobs.request() for _ in range(3)]
    waiting = broker.depth("jobs")

    with running_worker(address.url, address.definitions, tmp_path):
        outcomes = [jobs.outcome(job_id).DESCRIPTOR.name for job_id in behind]

    jobs.cancel(slow)
    assert (waiting, outcomes) == (len(behind), ["JobSucceeded"] * len(behind))
    assert jobs.outcome(slow).attempt == 1
