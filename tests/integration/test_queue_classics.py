"""The eight tests that every user of a queue should have, on a real broker with the real worker.

Ack and nack, a batch with a bad message, a poison message, the same message twice, a connection failure, a restart of the broker, a slow
consumer; and a few end to end, which are in e2e/test_queue_end_to_end.py.
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
    """The queue exists, and holds nothing that another test left."""
    jobs.publish_raw("jobs.dead", b"", "somebody.Elses")
    broker.dead_letters()


def test_ack_and_nack_a_finished_message_is_gone_and_an_unfinished_one_comes_back(
    address: BrokerAddress, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    finished, unfinished = jobs.ask(), jobs.ask("wait")
    with running_worker(address.url, address.definitions, tmp_path) as worker:
        jobs.outcome(finished)
        jobs.fact(unfinished, "JobStarted")
        while_running = broker.depth("jobs")
        worker.stop(grace_seconds=0)

    returned = eventually(lambda: broker.take("jobs"), within=10)

    assert (while_running, returned.is_redelivered, broker.take("jobs")) == (0, True, None)
    assert returned.body == jobs.fact(unfinished, "JobRequested").SerializeToString()


@pytest.mark.usefixtures("no_old_dead_letters")
def test_batch_with_a_bad_message_all_the_others_are_done(worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver) -> None:
    bad = [b"\xff\xff", b"\x00"]
    job_ids = [jobs.ask()]
    for body in bad:
        jobs.publish_raw("jobs", body, JOB_REQUESTED)
        job_ids.append(jobs.ask())

    outcomes = [jobs.outcome(job_id).DESCRIPTOR.name for job_id in job_ids]

    assert outcomes == ["JobSucceeded"] * len(job_ids)
    assert (broker.dead_letters(), broker.depth("jobs")) == (bad, 0)


@pytest.mark.usefixtures("no_old_dead_letters")
def test_poison_message_its_attempts_are_bounded_and_the_worker_lives_on(
    worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    poison = jobs.ask("crash")

    failed = jobs.outcome(poison, within=60)
    after = jobs.outcome(jobs.ask())

    assert (failed.attempt, failed.error.reason) == (4, errors_pb2.ERROR_REASON_JOB_PROCESS_DIED)
    assert after.DESCRIPTOR.name == "JobSucceeded"
    assert (len(broker.dead_letters()), broker.depth("jobs")) == (1, 0)


def test_same_message_twice_it_takes_effect_once(worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver) -> None:
    job_id = str(uuid4())

    for _ in range(2):
        jobs.ask("compute:0.2", job_id=job_id)

    eventually(lambda: len(jobs.facts(job_id, "JobSucceeded")) == 2, within=20, what="the outcome told for each message")
    assert [fact.attempt for fact in jobs.facts(job_id, "JobStarted")] == [1]
    assert broker.depth("jobs") == 0


def test_same_message_twice_while_the_job_runs_elsewhere_it_waits(
    address: BrokerAddress, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    job_id = jobs.ask("compute:3")
    jobs.fact(job_id, "JobStarted")

    with running_worker(address.url, address.definitions, tmp_path, name="other"):
        jobs.ask("compute:3", job_id=job_id)
        eventually(lambda: len(jobs.facts(job_id, "JobSucceeded")) == 2, within=30, what="the outcome told for each message")

    assert [fact.attempt for fact in jobs.facts(job_id, "JobStarted", "JobSucceeded")] == [1, 1, 1]
    assert (broker.depth("jobs"), broker.depth("jobs.retry.1")) == (0, 0)


def test_connection_failure_the_job_under_way_is_done_once(
    address: BrokerAddress, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    with Wire(address.url) as wire, running_worker(wire.url, address.definitions, tmp_path) as worker:
        job_id = jobs.ask("compute:1")
        jobs.fact(job_id, "JobStarted")

        wire.cut()
        eventually(lambda: worker.record(job_id).state is JobState.SUCCEEDED, within=20)
        wire.mend()

        assert jobs.outcome(job_id).attempt == 1
        eventually(lambda: worker.is_ready and broker.depth("jobs") == 0, within=30)
    assert len(jobs.facts(job_id, "JobStarted")) == 1


@pytest.mark.usefixtures("no_old_dead_letters")
def test_connection_failure_a_job_that_failed_meanwhile_is_a_dead_letter_all_the_same(
    address: BrokerAddress, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    with Wire(address.url) as wire, running_worker(wire.url, address.definitions, tmp_path) as worker:
        job_id = jobs.ask("compute:1", "be-invalid")
        # Told after the start was confirmed: without that word the worker would wait for the broker before it settles anything.
        jobs.fact(job_id, "JobProgressed")

        wire.cut()
        eventually(lambda: worker.record(job_id).state is JobState.FAILED, within=20)
        wire.mend()

        eventually(lambda: worker.is_ready and broker.depth("jobs") == 0 and jobs.facts(job_id, "JobFailed"), within=30)
        jobs.outcome(jobs.ask())
    assert broker.dead_letters() == [jobs.fact(job_id, "JobRequested").SerializeToString()]


def test_restart_of_the_broker_what_ran_and_what_waited_is_done_once(
    running: RunningBroker, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    job_ids = [jobs.ask("compute:2"), jobs.ask(), jobs.ask()]
    jobs.fact(job_ids[0], "JobStarted")

    running.kill()
    running.start()

    assert [jobs.outcome(job_id, within=60).attempt for job_id in job_ids] == [1, 1, 1]
    eventually(lambda: worker.is_ready and broker.depth("jobs") == 0, within=30)
    assert [len(jobs.facts(job_id, "JobStarted")) for job_id in job_ids] == [1, 1, 1]


def test_slow_consumer_holds_one_message_and_the_others_go_elsewhere(
    address: BrokerAddress, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    slow = jobs.ask("wait")
    jobs.fact(slow, "JobStarted")
    behind = [jobs.ask() for _ in range(3)]
    waiting = broker.depth("jobs")

    with running_worker(address.url, address.definitions, tmp_path):
        outcomes = [jobs.outcome(job_id).DESCRIPTOR.name for job_id in behind]

    jobs.cancel(slow)
    assert (waiting, outcomes) == (len(behind), ["JobSucceeded"] * len(behind))
    assert jobs.outcome(slow).attempt == 1
