"""How the worker settles a job's message: the real ledger and job service, no broker, and attempts that end as the test says."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from fakes import FakePublisher

from ml_service.adapters.broker.events import BrokerEvents, BrokerJobCommands
from ml_service.adapters.broker.job_messages import decode_job
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.domain import Job, JobOutcome, JobState
from ml_service.entrypoints.ops.worker_metrics import WorkerMetrics
from ml_service.entrypoints.worker.job_supervisor import Cancelled, Interrupted
from ml_service.entrypoints.worker.worker import Worker
from ml_service.errors import DeadlineExceeded, Internal, InvalidArgument, Unavailable
from ml_service.handlers.jobs.service import JobService
from ml_service.ports.messaging import ReceivedMessage
from whynotboth.v1 import jobs_pb2
from whynotboth.v1.jobs_pb2 import JobRequested

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.adapters.sql.store import SqlStore
    from ml_service.domain import Attempt
    from ml_service.entrypoints.worker.job_supervisor import Ending, Supervisor
    from ml_service.ports.job_ledger import JobRecord
    from ml_service.ports.messaging import Delivery

JOB = Job("job-1", "export")
REQUEST = JobRequested(job_id=JOB.job_id, export=jobs_pb2.ExportParams())
DELAYS_MS = (10, 20, 30)


class FakeDelivery:
    """Remembers how it was settled."""

    def __init__(self, *, is_redelivered: bool) -> None:
        self.message = ReceivedMessage(REQUEST.DESCRIPTOR.full_name, "m", REQUEST.SerializeToString())
        self.is_redelivered = is_redelivered
        self.settled: list[str] = []

    def read_job(self) -> Job:
        return decode_job(self.message)

    def acknowledge(self) -> None:
        self.settled.append("acknowledged")

    def dead_letter(self) -> None:
        self.settled.append("dead-lettered")

    def release(self) -> None:
        self.settled.append("released")


class FakeSupervisor:
    """Every attempt ends as `end` says."""

    def __init__(self) -> None:
        self.end: Callable[[Attempt], Ending] = lambda _attempt: JobOutcome({})

    def run(self, attempt: Attempt, _on_progress: object) -> Ending:
        return self.end(attempt)


class WorkerDriver:
    """Gives the worker one message after another."""

    def __init__(self, ledger: SqlJobLedger) -> None:
        self.publisher = FakePublisher()
        self._supervisor = FakeSupervisor()
        service = JobService(ledger, BrokerEvents(self.publisher), BrokerJobCommands(self.publisher), "worker-1", retry_delays_ms=DELAYS_MS)
        self._worker = Worker(service, cast("Supervisor", self._supervisor), lambda *_: False, WorkerMetrics())

    def handle(self, end: Callable[[Attempt], Ending], *, is_redelivered: bool = False) -> list[str]:
        """Gives how the message of an attempt was settled that ends so."""
        self._supervisor.end = end
        delivery = FakeDelivery(is_redelivered=is_redelivered)
        self._worker._handle(cast("Delivery", delivery))
        return delivery.settled


def succeed(_attempt: Attempt) -> Ending:
    return JobOutcome({})


def find_the_store_away(_attempt: Attempt) -> Ending:
    return Unavailable("STORE_UNAVAILABLE", "Away.")


def be_interrupted(_attempt: Attempt) -> Ending:
    raise Interrupted


@pytest.fixture
def ledger(empty_store: SqlStore) -> SqlJobLedger:
    return SqlJobLedger(empty_store.engine)


@pytest.fixture
def worker(ledger: SqlJobLedger) -> WorkerDriver:
    return WorkerDriver(ledger)


def record(ledger: SqlJobLedger) -> JobRecord:
    found = ledger.find(JOB.job_id)
    assert found is not None
    return found


def test_attempts_go_through_the_retry_queues_in_turn_and_then_to_the_dead_letters(worker: WorkerDriver, ledger: SqlJobLedger) -> None:
    settled = [worker.handle(find_the_store_away) for _ in range(4)]

    assert settled == [["acknowledged"]] * 3 + [["dead-lettered"]]
    assert [key for key in worker.publisher.keys if not key.startswith("job.")] == ["jobs.retry.1", "jobs.retry.2", "jobs.retry.3"]
    assert (record(ledger).state, record(ledger).attempt) == (JobState.FAILED, 4)


def test_a_job_that_stopping_workers_hand_back_keeps_all_its_retries(worker: WorkerDriver, ledger: SqlJobLedger) -> None:
    handed_back = [worker.handle(be_interrupted) for _ in range(10)]

    after = worker.handle(find_the_store_away)

    assert (handed_back, after) == ([["released"]] * 10, ["acknowledged"])
    assert worker.publisher.keys[-2:] == ["jobs.retry.1", "job.retried"]
    assert (record(ledger).attempt, record(ledger).spent) == (11, 1)


def test_a_job_that_kills_its_workers_is_dead_lettered(worker: WorkerDriver, ledger: SqlJobLedger) -> None:
    for _ in range(4):
        ledger.claim(JOB, "a worker that died")

    settled = worker.handle(succeed, is_redelivered=True)

    failed = record(ledger)
    assert settled == ["dead-lettered"]
    assert failed.error is not None
    assert (failed.state, failed.error.reason) == (JobState.FAILED, "JOB_PROCESS_DIED")


def test_a_second_message_of_a_running_job_is_delayed(worker: WorkerDriver, ledger: SqlJobLedger) -> None:
    ledger.claim(JOB, "another worker")

    while_it_runs = worker.handle(succeed)
    ledger.succeed(JOB.job_id, 1, JobOutcome({}))
    after = worker.handle(succeed)

    assert (while_it_runs, after, record(ledger).attempt) == (["acknowledged"], ["acknowledged"], 1)
    assert worker.publisher.keys == ["jobs.retry.1", "job.succeeded"]


def test_the_message_of_a_worker_that_died_takes_the_job_over(worker: WorkerDriver, ledger: SqlJobLedger) -> None:
    ledger.claim(JOB, "a worker that died")

    settled = worker.handle(succeed, is_redelivered=True)

    assert (settled, record(ledger).state, record(ledger).attempt) == (["acknowledged"], JobState.SUCCEEDED, 2)


def test_a_redelivered_message_of_a_failed_job_is_dead_lettered(worker: WorkerDriver, ledger: SqlJobLedger) -> None:
    ledger.fail(JOB.job_id, ledger.claim(JOB, "a worker that died").attempt, Internal("INTERNAL", "A bug."))

    settled = worker.handle(succeed, is_redelivered=True)

    assert (settled, worker.publisher.keys, record(ledger).attempt) == (["dead-lettered"], ["job.failed"], 1)


def test_a_bug_of_the_worker_fails_the_job_without_a_retry(worker: WorkerDriver, ledger: SqlJobLedger) -> None:
    worker.publisher.unencodable = {"job.started"}

    settled = worker.handle(succeed)

    failed = record(ledger)
    assert settled == ["dead-lettered"]
    assert failed.error is not None
    assert (failed.state, failed.error.reason, worker.publisher.keys) == (JobState.FAILED, "INTERNAL", ["job.failed"])


def test_a_job_is_dead_lettered_even_if_no_fact_about_it_can_be_published(worker: WorkerDriver, ledger: SqlJobLedger) -> None:
    worker.publisher.unencodable = {"job.started", "job.failed"}

    settled = worker.handle(succeed)

    assert (settled, record(ledger).state) == (["dead-lettered"], JobState.FAILED)


@pytest.mark.parametrize(
    "ending", [Cancelled(), Internal("JOB_PROCESS_DIED", "Killed."), DeadlineExceeded("JOB_DEADLINE_EXCEEDED", "Late.")]
)
def test_a_training_whose_version_went_live_has_succeeded_however_its_process_ends(
    worker: WorkerDriver, ledger: SqlJobLedger, empty_store: SqlStore, ending: Ending
) -> None:
    def go_live_and_end(attempt: Attempt) -> Ending:
        ledger.complete(JOB.job_id, attempt.number, JobOutcome({}, "v1", promoted=True), None)
        return ending

    settled = worker.handle(go_live_and_end)

    live = empty_store.read_live()
    assert (settled, record(ledger).state, live and live.version) == (["acknowledged"], JobState.SUCCEEDED, "v1")
    assert [key for key in worker.publisher.keys if key] == ["job.started", "job.succeeded"]


def test_a_failed_attempt_that_another_worker_took_over_is_not_dead_lettered(worker: WorkerDriver, ledger: SqlJobLedger) -> None:
    def fail_after_a_takeover(_attempt: Attempt) -> Ending:
        ledger.claim(JOB, "another worker")
        return InvalidArgument("JOB_PARAMS_INVALID", "No such estimator.")

    settled = worker.handle(fail_after_a_takeover)

    assert (settled, record(ledger).state) == (["acknowledged"], JobState.RUNNING)
