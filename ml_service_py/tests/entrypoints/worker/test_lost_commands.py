"""A command that only the stream has is queued again after a while, once, and its job ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import pytest
from fakes import FakePublisher

from ml_service.adapters.broker.envelope import Publication, received
from ml_service.adapters.broker.events import BrokerEvents, BrokerJobCommands
from ml_service.adapters.broker.job_messages import decode_job, decoding, job_started, publication_of
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.domain import Job, JobOutcome, JobState
from ml_service.entrypoints.ops.worker_metrics import WorkerMetrics
from ml_service.entrypoints.worker.lost_commands import LOST_AFTER, LostCommands
from ml_service.entrypoints.worker.worker import Worker
from ml_service.errors import Unavailable
from ml_service.handlers.jobs.service import JOB_WINDOW, JobService
from ml_service.ports.messaging import ReceivedMessage
from whynotboth.v1.jobs_pb2 import JobRequested

if TYPE_CHECKING:
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.entrypoints.worker.job_supervisor import Supervisor
    from ml_service.ports.messaging import Delivery


def command(job_id: str, requested_at: datetime | None = None, seed: int = 1) -> ReceivedMessage:
    request = JobRequested(job_id=job_id)
    request.evaluate.seed = seed
    request.occurred_at.FromDatetime(requested_at or datetime.now(UTC))
    return ReceivedMessage(JobRequested.DESCRIPTOR.full_name, job_id, request.SerializeToString(), offset=0)


def read(commands: LostCommands, *messages: ReceivedMessage) -> None:
    decoding(commands.on_events)(messages)


def later() -> datetime:
    """Return a time at which a command that was read now counts as lost."""
    return datetime.now(UTC) + LOST_AFTER + timedelta(seconds=1)


class FakeDelivery:
    """A message of the queue that was published to it."""

    def __init__(self, publication: Publication) -> None:
        self.message = received(publication.properties, publication.body)
        self.is_redelivered = False
        self.is_acknowledged = False

    def read_job(self) -> Job:
        return decode_job(self.message)

    def acknowledge(self) -> None:
        self.is_acknowledged = True


class Succeeding:
    """A supervisor whose attempts all succeed."""

    def run(self, *_: object) -> JobOutcome:
        return JobOutcome({})


@pytest.fixture
def job_id() -> str:
    return str(uuid4())


@pytest.fixture
def ledger(empty_store: SqlStore) -> SqlJobLedger:
    return SqlJobLedger(empty_store.engine)


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def service(ledger: SqlJobLedger, publisher: FakePublisher) -> JobService:
    return JobService(ledger, BrokerEvents(publisher), BrokerJobCommands(publisher), "worker-1", retry_delays_ms=())


@pytest.fixture
def lost(service: JobService) -> LostCommands:
    return LostCommands(service)


def test_a_command_that_no_worker_has_seen_is_queued_again_unchanged(lost: LostCommands, publisher: FakePublisher, job_id: str) -> None:
    lost_command = replace(command(job_id), traceparent="00-trace")
    read(lost, lost_command)

    lost.queue_again(later())

    (again,) = publisher.taken
    assert (again.exchange, again.routing_key) == ("", "jobs")
    assert (again.type, again.message_id, again.body, again.traceparent) == (lost_command.type, job_id, lost_command.body, "00-trace")


def test_the_job_of_a_lost_command_runs_to_its_end(
    lost: LostCommands, service: JobService, ledger: SqlJobLedger, publisher: FakePublisher, job_id: str
) -> None:
    read(lost, command(job_id))
    lost.queue_again(later())
    worker = Worker(service, cast("Supervisor", Succeeding()), lambda *_: False, WorkerMetrics())
    delivery = FakeDelivery(publisher.taken[0])

    worker._handle(cast("Delivery", delivery))

    record = ledger.find(job_id)
    assert record is not None
    assert (record.state, record.attempt, record.spent, delivery.is_acknowledged) == (JobState.SUCCEEDED, 1, 1, True)
    assert publisher.keys == ["jobs", "job.started", "job.succeeded"]


def test_a_lost_command_is_queued_once_by_any_number_of_workers(
    lost: LostCommands, service: JobService, publisher: FakePublisher, job_id: str
) -> None:
    other, restarted = LostCommands(service), LostCommands(service)
    read(lost, command(job_id))
    read(other, command(job_id))

    for commands in (lost, other, lost):
        commands.queue_again(later())
    read(restarted, command(job_id))
    restarted.queue_again(later())

    assert publisher.keys == ["jobs"]


def test_a_command_is_not_queued_again_before_it_counts_as_lost(lost: LostCommands, publisher: FakePublisher, job_id: str) -> None:
    read(lost, command(job_id, requested_at=datetime.now(UTC) - timedelta(days=1)))

    lost.queue_again(datetime.now(UTC) + LOST_AFTER / 2)

    assert publisher.taken == []


def test_a_job_with_a_fact_from_a_worker_is_not_lost(lost: LostCommands, publisher: FakePublisher, job_id: str) -> None:
    started = publication_of(job_started(job_id, 1, "worker-2"))

    read(lost, command(job_id), received(started.properties, started.body))
    lost.queue_again(later())

    assert publisher.taken == []


def test_a_job_that_the_ledger_has_is_not_lost(lost: LostCommands, ledger: SqlJobLedger, publisher: FakePublisher) -> None:
    claimed, cancelled = str(uuid4()), str(uuid4())
    ledger.claim(Job(claimed, "evaluate"), "worker-2")
    ledger.cancel_queued(cancelled)

    read(lost, command(claimed), command(cancelled))
    lost.queue_again(later())

    assert publisher.taken == []


def test_of_two_commands_with_one_id_the_first_is_queued(lost: LostCommands, publisher: FakePublisher, job_id: str) -> None:
    read(lost, command(job_id, seed=1), command(job_id, seed=2))

    lost.queue_again(later())

    assert [JobRequested.FromString(again.body).evaluate.seed for again in publisher.taken] == [1]


def test_a_lost_command_that_the_queue_refuses_is_queued_later(
    lost: LostCommands, ledger: SqlJobLedger, publisher: FakePublisher, job_id: str
) -> None:
    read(lost, command(job_id))
    publisher.down = {"jobs"}
    with pytest.raises(Unavailable):
        lost.queue_again(later())
    assert ledger.find(job_id) is None

    publisher.down = set()
    lost.queue_again(later())

    assert publisher.keys == ["jobs"]


def test_a_command_older_than_the_job_window_is_not_queued(lost: LostCommands, publisher: FakePublisher, job_id: str) -> None:
    read(lost, command(job_id, requested_at=datetime.now(UTC) - JOB_WINDOW - timedelta(hours=1)))

    lost.queue_again(later())

    assert publisher.taken == []


def test_a_restart_forgets_all_commands(lost: LostCommands, publisher: FakePublisher, job_id: str) -> None:
    read(lost, command(job_id))

    lost.on_restart()
    lost.queue_again(later())

    assert publisher.taken == []
