"""A job request is in the queue and in the log. The worker copes where only one has it, has it twice, or has another body."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid4, uuid5

from harness.messages import now
from harness.waiting import eventually
from harness.worker import running_worker
from ml_service.entrypoints.worker.lost_commands import LOST_AFTER
from whynotboth.v1.jobs_pb2 import JobRequested, TrainParams

if TYPE_CHECKING:
    from pathlib import Path

    from harness.broker import BrokerDriver
    from harness.worker import JobsDriver, WorkerDriver
    from ml_service.adapters.broker.connection import BrokerAddress


def test_of_two_bodies_with_one_key_the_first_in_the_log_runs(worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver) -> None:
    job_id = str(uuid5(NAMESPACE_URL, str(uuid4())))
    first, later = (JobRequested(job_id=job_id, train=TrainParams(estimators=[word])) for word in ("compute:1", "compute:2"))

    for queue, command in (("job-events", first), ("job-events", later), ("jobs", later), ("jobs", first)):
        jobs.publish_raw(queue, command.SerializeToString(), JobRequested.DESCRIPTOR.full_name)

    jobs.outcome(job_id)
    steps = {fact.step for fact in jobs.facts(job_id, "JobProgressed")}
    assert ("compute:1" in steps, "compute:2" in steps) == (True, False)
    assert worker.record(job_id).attempt == 1


def test_a_worker_whose_log_reader_is_behind_does_not_run_the_later_of_two_bodies(
    address: BrokerAddress, jobs: JobsDriver, tmp_path: Path
) -> None:
    job_id = str(uuid5(NAMESPACE_URL, str(uuid4())))
    first, later = (JobRequested(job_id=job_id, train=TrainParams(estimators=[word])) for word in ("compute:1", "compute:2"))
    for queue, command in (("job-events", first), ("job-events", later), ("jobs", later), ("jobs", first)):
        jobs.publish_raw(queue, command.SerializeToString(), JobRequested.DESCRIPTOR.full_name)

    with running_worker(address.url, address.definitions, tmp_path, is_behind=True) as behind:
        eventually(lambda: len(jobs.facts(job_id)) > 2, within=20, what="another fact of the job")
        behind.read_job_events()
        jobs.outcome(job_id)

    steps = {fact.step for fact in jobs.facts(job_id, "JobProgressed")}
    assert ("compute:1" in steps, "compute:2" in steps) == (True, False)


def test_a_request_that_only_the_queue_holds_is_published_before_its_outcome(worker: WorkerDriver, jobs: JobsDriver) -> None:
    command = JobRequested(job_id=str(uuid4()), train=TrainParams(), occurred_at=now())

    jobs.publish_raw("jobs", command.SerializeToString(), JobRequested.DESCRIPTOR.full_name)

    jobs.outcome(command.job_id)
    names = [fact.DESCRIPTOR.name for fact in jobs.facts(command.job_id)]
    assert (names[0], names[1], names[-1]) == ("JobRequested", "JobStarted", "JobSucceeded")


def test_a_request_that_only_the_log_holds_is_queued_again_and_its_job_ends(worker: WorkerDriver, jobs: JobsDriver) -> None:
    command = JobRequested(job_id=str(uuid4()), train=TrainParams(), occurred_at=now())
    jobs.publish_raw("job-events", command.SerializeToString(), JobRequested.DESCRIPTOR.full_name)

    def look_for_lost_commands() -> bool:
        worker.parts.lost_commands.queue_again(datetime.now(UTC) + LOST_AFTER)
        return len(jobs.facts(command.job_id)) > 1

    eventually(look_for_lost_commands, within=20, what="a fact of the job")
    look_for_lost_commands()

    assert jobs.outcome(command.job_id).DESCRIPTOR.name == "JobSucceeded"
    assert worker.record(command.job_id).attempt == 1


def test_a_finished_job_that_is_delivered_again_publishes_its_outcome_again(
    worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    job_id = jobs.request()
    jobs.outcome(job_id)

    jobs.request(job_id=job_id)

    published = eventually(lambda: len(jobs.facts(job_id, "JobSucceeded")) == 2 and jobs.facts(job_id, "JobSucceeded"), within=10)
    assert published[0].metrics == published[1].metrics
    assert len(jobs.facts(job_id, "JobStarted")) == 1
