"""Of several commands with one id, the first in the stream counts, whatever the queue delivers first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest
import sample
from fakes import FakePublisher

from ml_service.adapters.broker.envelope import received
from ml_service.adapters.broker.events import BrokerJobCommands
from ml_service.adapters.broker.job_messages import decoding
from ml_service.domain import Job
from ml_service.entrypoints.worker import first_commands
from ml_service.entrypoints.worker.first_commands import FirstCommands
from ml_service.errors import Unavailable
from ml_service.handlers.jobs.service import JOB_WINDOW
from ml_service.ports.messaging import ReceivedMessage
from whynotboth.v1.jobs_pb2 import JobRequested, TrainParams

UNKEYED = (str(uuid4()), "no uuid")


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_commands, "WAIT_SECONDS", 0)


def command(job: Job) -> ReceivedMessage:
    request = JobRequested(job_id=job.job_id, train=TrainParams.FromString(job.params))
    assert job.requested_at is not None
    request.occurred_at.FromDatetime(job.requested_at)
    return ReceivedMessage(JobRequested.DESCRIPTOR.full_name, job.job_id, request.SerializeToString(), offset=0)


def two_bodies(job_id: str) -> tuple[Job, Job]:
    now = datetime.now(UTC)
    return sample.job(TrainParams(estimators=["ease"]), job_id, now), sample.job(TrainParams(estimators=["svd"]), job_id, now)


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def commands(publisher: FakePublisher) -> FirstCommands:
    return FirstCommands(BrokerJobCommands(publisher))


def read(commands: FirstCommands, *messages: ReceivedMessage) -> None:
    decoding(commands.on_events)(messages)


def is_superseded(commands: FirstCommands, job: Job) -> bool:
    return commands.is_superseded(job, command(job))


def test_the_first_command_in_the_stream_counts_and_a_later_one_is_skipped(commands: FirstCommands) -> None:
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))

    read(commands, command(first), command(later))

    assert [is_superseded(commands, job) for job in (later, first)] == [True, False]


def test_a_given_default_makes_another_body_as_at_the_gateway(commands: FirstCommands) -> None:
    job_id, now = str(uuid5(NAMESPACE_URL, "key")), datetime.now(UTC)
    absent, given = sample.job(TrainParams(), job_id, now), sample.job(TrainParams(folds=3), job_id, now)

    read(commands, command(absent), command(given))

    assert [is_superseded(commands, job) for job in (given, absent)] == [True, False]


def test_a_command_waits_until_the_stream_delivers_it(commands: FirstCommands, publisher: FakePublisher) -> None:
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))

    with pytest.raises(Unavailable):
        is_superseded(commands, later)

    (again,) = publisher.taken
    assert (again.exchange, again.routing_key, again.body) == ("", "job-events", command(later).body)
    read(commands, command(first), command(later), received(again.properties, again.body))
    assert is_superseded(commands, later)


def test_a_command_that_the_stream_has_lost_counts_after_it_is_appended_again(commands: FirstCommands, publisher: FakePublisher) -> None:
    job, _ = two_bodies(str(uuid5(NAMESPACE_URL, "key")))
    with pytest.raises(Unavailable):
        is_superseded(commands, job)

    read(commands, *[received(again.properties, again.body) for again in publisher.taken])

    assert not is_superseded(commands, job)


def test_an_undecodable_command_is_skipped(commands: FirstCommands) -> None:
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))

    read(commands, ReceivedMessage(JobRequested.DESCRIPTOR.full_name, "m", b"\xff", offset=0), command(first))

    assert is_superseded(commands, later)


@pytest.mark.parametrize("job_id", UNKEYED)
def test_every_command_counts_if_its_id_is_not_from_an_idempotency_key(
    commands: FirstCommands, publisher: FakePublisher, job_id: str
) -> None:
    first, later = two_bodies(job_id)

    read(commands, command(first))

    assert not is_superseded(commands, later)
    assert publisher.taken == []


@pytest.mark.parametrize("job_id", UNKEYED)
def test_a_command_that_the_stream_lacks_is_appended_before_its_job_begins(
    commands: FirstCommands, publisher: FakePublisher, job_id: str
) -> None:
    job, _ = two_bodies(job_id)

    assert not is_superseded(commands, job)

    (again,) = publisher.taken
    assert (again.exchange, again.routing_key, again.body) == ("", "job-events", command(job).body)


def test_a_command_older_than_the_stream_position_is_not_waited_for(
    commands: FirstCommands, publisher: FakePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_commands, "WAIT_SECONDS", 60)
    missing, _ = two_bodies(str(uuid4()))
    assert missing.requested_at is not None
    later = Job(str(uuid4()), "train", missing.params, missing.requested_at + timedelta(minutes=2))
    read(commands, command(later))

    assert not is_superseded(commands, missing)

    assert [again.correlation_id or again.message_id for again in publisher.taken] == [missing.job_id]


def test_commands_without_a_key_do_not_evict_commands_with_one(commands: FirstCommands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_commands, "REMEMBERED", 1)
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))

    read(commands, command(first), command(two_bodies(str(uuid4()))[0]), command(two_bodies(str(uuid4()))[0]))

    assert is_superseded(commands, later)


def test_a_key_that_is_used_again_after_the_job_window_makes_another_job(commands: FirstCommands) -> None:
    old, new = two_bodies(str(uuid5(NAMESPACE_URL, "key")))
    old = replace(old, requested_at=datetime.now(UTC) - JOB_WINDOW - timedelta(hours=1))
    read(commands, command(old))
    with pytest.raises(Unavailable):
        is_superseded(commands, new)

    read(commands, command(new))

    assert [is_superseded(commands, job) for job in (new, replace(old, requested_at=new.requested_at))] == [False, True]


def test_a_restart_forgets_all_commands(commands: FirstCommands) -> None:
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))
    read(commands, command(first))

    commands.on_restart()

    with pytest.raises(Unavailable):
        is_superseded(commands, later)
