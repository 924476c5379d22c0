"""The life of a job between the queue, the job process and the stream `job-events`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.waiting import eventually
from harness.worker import running_worker
from ml_service.adapters.broker import connection
from ml_service.domain import JobState
from whynotboth.v1 import errors_pb2
from whynotboth.v1.jobs_pb2 import JobRequested, TrainParams

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from harness.broker import BrokerDriver
    from harness.worker import JobsDriver, WorkerDriver
    from ml_service.adapters.broker.connection import BrokerAddress


def test_a_job_runs_and_its_facts_reach_the_stream(worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver) -> None:
    job_id = jobs.request("compute:0.1")

    succeeded = jobs.outcome(job_id)

    assert (succeeded.attempt, succeeded.metrics["ndcg_at_10"]) == (1, 0.5)
    assert worker.record(job_id).state is JobState.SUCCEEDED
    names = [fact.DESCRIPTOR.name for fact in jobs.facts(job_id)]
    assert (names[0], names[1], names[-1]) == ("JobRequested", "JobStarted", "JobSucceeded")
    assert broker.depth("jobs") == 0


def test_a_running_job_reports_each_progress_once(worker: WorkerDriver, jobs: JobsDriver) -> None:
    job_id = jobs.request("compute:1.5", "compute:2")

    jobs.outcome(job_id)

    steps = [fact.step for fact in jobs.facts(job_id, "JobProgressed")]
    assert steps[-2:] == ["compute:1.5", "compute:2"]
    assert len(steps) == len(set(steps))


def test_a_running_job_is_cancelled_and_the_next_one_runs(worker: WorkerDriver, jobs: JobsDriver) -> None:
    job_id = jobs.request("wait")
    jobs.fact(job_id, "JobStarted")

    jobs.cancel(job_id)
    cancelled = jobs.outcome(job_id, within=2)
    next_id = jobs.request()

    assert (cancelled.DESCRIPTOR.name, cancelled.attempt) == ("JobCancelled", 1)
    assert worker.record(job_id).state is JobState.CANCELLED
    assert jobs.outcome(next_id).DESCRIPTOR.name == "JobSucceeded"


def test_a_queued_job_is_cancelled_at_once_and_never_starts(worker: WorkerDriver, jobs: JobsDriver) -> None:
    first, second = jobs.request("wait"), jobs.request()
    jobs.fact(first, "JobStarted")

    jobs.cancel(second)
    cancelled = jobs.outcome(second, within=2)
    jobs.cancel(first)
    jobs.outcome(jobs.request())

    assert (cancelled.DESCRIPTOR.name, cancelled.attempt) == ("JobCancelled", 0)
    assert not jobs.facts(second, "JobStarted")


def test_a_cancel_request_for_a_finished_job_changes_nothing(worker: WorkerDriver, jobs: JobsDriver) -> None:
    job_id = jobs.request()
    jobs.outcome(job_id)

    jobs.cancel(job_id)
    jobs.outcome(jobs.request())

    assert worker.record(job_id).state is JobState.SUCCEEDED
    assert not jobs.facts(job_id, "JobCancelled")


def test_a_retryable_failure_is_retried_and_then_dead_lettered(worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver) -> None:
    broker.dead_letters()
    job_id = jobs.request("be-unavailable")

    failed = jobs.outcome(job_id)

    assert [fact.attempt for fact in jobs.facts(job_id, "JobRetried")] == [1, 2, 3]
    assert (failed.DESCRIPTOR.name, failed.attempt, failed.error.reason) == ("JobFailed", 4, errors_pb2.ERROR_REASON_STORE_UNAVAILABLE)
    assert len(eventually(broker.dead_letters, within=5)) == 1


def test_a_permanent_failure_is_dead_lettered_at_once(worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver) -> None:
    broker.dead_letters()
    invalid, buggy = jobs.request("be-invalid"), jobs.request("have-a-bug")

    reasons = [jobs.outcome(job_id).error.reason for job_id in (invalid, buggy)]

    assert reasons == [errors_pb2.ERROR_REASON_JOB_PARAMS_INVALID, errors_pb2.ERROR_REASON_INTERNAL]
    assert not jobs.facts(invalid, "JobRetried")
    assert eventually(lambda: broker.depth("jobs.dead") == 2, within=5)


def test_a_poison_message_is_dead_lettered_once_and_the_worker_continues(
    worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    broker.dead_letters()
    jobs.publish_raw("jobs", b"\xff\xff", "whynotboth.v1.JobRequested")
    jobs.publish_raw("jobs", b"", "somebody.Elses")

    jobs.outcome(jobs.request())

    assert sorted(broker.dead_letters()) == [b"", b"\xff\xff"]


def test_a_job_whose_facts_can_not_be_published_is_dead_lettered_and_the_worker_continues(
    worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    broker.dead_letters()
    # The job id is also the correlation id, and AMQP limits that to 255 bytes.
    body = JobRequested(job_id="é" * 200, train=TrainParams()).SerializeToString()
    jobs.publish_raw("jobs", body, JobRequested.DESCRIPTOR.full_name)

    jobs.outcome(jobs.request())

    assert broker.dead_letters() == [body]
    assert worker.record("é" * 200).state is JobState.FAILED


def test_a_job_whose_process_dies_is_retried(worker: WorkerDriver, jobs: JobsDriver, tmp_path: Path) -> None:
    job_id = jobs.request(f"crash-once:{tmp_path / 'crashed'}")

    succeeded = jobs.outcome(job_id)

    assert (succeeded.DESCRIPTOR.name, succeeded.attempt) == ("JobSucceeded", 2)
    assert jobs.fact(job_id, "JobRetried").error.reason == errors_pb2.ERROR_REASON_JOB_PROCESS_DIED


def test_a_job_beyond_its_deadline_is_ended(address: BrokerAddress, jobs: JobsDriver, tmp_path: Path) -> None:
    with running_worker(address.url, address.definitions, tmp_path, deadline_seconds=0.5):
        job_id = jobs.request("wait")

        failed = jobs.outcome(job_id)

    assert failed.error.reason == errors_pb2.ERROR_REASON_JOB_DEADLINE_EXCEEDED


def test_a_stopping_worker_lets_its_job_finish(worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver) -> None:
    job_id = jobs.request("compute:1")
    jobs.fact(job_id, "JobStarted")

    worker.stop(grace_seconds=10)

    assert jobs.outcome(job_id).DESCRIPTOR.name == "JobSucceeded"
    assert broker.depth("jobs") == 0


def test_a_job_beyond_the_grace_is_returned_and_run_by_the_next_worker(address: BrokerAddress, jobs: JobsDriver, tmp_path: Path) -> None:
    with running_worker(address.url, address.definitions, tmp_path) as first:
        job_id = jobs.request("wait")
        jobs.fact(job_id, "JobStarted")
        first.stop(grace_seconds=0)
        assert first.record(job_id).spent == 0
    assert jobs.fact(job_id, "JobRetried").error.reason == errors_pb2.ERROR_REASON_SHUTTING_DOWN

    with running_worker(address.url, address.definitions, tmp_path):
        eventually(lambda: len(jobs.facts(job_id, "JobStarted")) == 2, within=10)
        jobs.cancel(job_id)

        assert jobs.outcome(job_id).attempt == 2


def test_a_job_longer_than_two_heartbeats_keeps_its_connection(
    address: BrokerAddress, jobs: JobsDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEARTBEAT_SECONDS", 1)
    with running_worker(address.url, address.definitions, tmp_path):
        job_id = jobs.request("compute:4")

        succeeded = jobs.outcome(job_id)

    assert succeeded.attempt == 1
    assert len(jobs.facts(job_id, "JobStarted")) == 1
