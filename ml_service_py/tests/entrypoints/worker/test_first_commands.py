"""Of commands with one id the first in the stream counts, whatever the queue delivers first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest
from fakes import FakePublisher

from ml_service.adapters.broker.envelope import ReceivedMessage, received
from ml_service.domain import Job, TrainParams
from ml_service.entrypoints.worker import first_commands
from ml_service.entrypoints.worker.first_commands import FirstCommands
from ml_service.errors import Unavailable
from ml_service.handlers.jobs import JOB_WINDOW
from whynotboth.v1.jobs_pb2 import JobRequested
from whynotboth.v1.jobs_pb2 import TrainParams as WireTrainParams

UNKEYED = (str(uuid4()), "no uuid")


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_commands, "WAIT_SECONDS", 0)


def command(job: Job) -> ReceivedMessage:
    assert isinstance(job.params, TrainParams)
    params = WireTrainParams(estimators=job.params.estimators, folds=job.params.folds, seed=job.params.seed)
    request = JobRequested(job_id=job.job_id, train=params)
    assert job.asked_at is not None
    request.occurred_at.FromDatetime(job.asked_at)
    return ReceivedMessage(JobRequested.DESCRIPTOR.full_name, job.job_id, request.SerializeToString(), offset=0)


def two_bodies(job_id: str) -> tuple[Job, Job]:
    now = datetime.now(UTC)
    return Job(job_id, TrainParams(("ease",)), now), Job(job_id, TrainParams(("svd",)), now)


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def commands(publisher: FakePublisher) -> FirstCommands:
    return FirstCommands(publisher)


def is_superseded(commands: FirstCommands, job: Job) -> bool:
    return commands.is_superseded(job, command(job))


def test_the_first_in_the_stream_counts_and_the_later_one_is_passed_over(commands: FirstCommands) -> None:
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))

    commands.on_messages([command(first), command(later)])

    assert [is_superseded(commands, job) for job in (later, first)] == [True, False]


def test_a_command_waits_until_the_stream_has_told_of_it(commands: FirstCommands, publisher: FakePublisher) -> None:
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))

    with pytest.raises(Unavailable):
        is_superseded(commands, later)

    (again,) = publisher.taken
    assert (again.exchange, again.routing_key, again.body) == ("", "job-events", command(later).body)
    commands.on_messages([command(first), command(later), received(again.properties, again.body)])
    assert is_superseded(commands, later)


def test_a_command_that_the_stream_does_not_hold_any_more_is_the_first_once_it_is_told_again(
    commands: FirstCommands, publisher: FakePublisher
) -> None:
    job, _ = two_bodies(str(uuid5(NAMESPACE_URL, "key")))
    with pytest.raises(Unavailable):
        is_superseded(commands, job)

    commands.on_messages([received(again.properties, again.body) for again in publisher.taken])

    assert not is_superseded(commands, job)


def test_what_can_not_be_decoded_is_passed_over(commands: FirstCommands) -> None:
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))

    commands.on_messages([ReceivedMessage(JobRequested.DESCRIPTOR.full_name, "m", b"\xff", offset=0), command(first)])

    assert is_superseded(commands, later)


@pytest.mark.parametrize("job_id", UNKEYED)
def test_of_ids_that_no_key_made_each_command_counts(commands: FirstCommands, publisher: FakePublisher, job_id: str) -> None:
    first, later = two_bodies(job_id)

    commands.on_messages([command(first)])

    assert not is_superseded(commands, later)
    assert publisher.taken == []


@pytest.mark.parametrize("job_id", UNKEYED)
def test_a_command_that_the_stream_does_not_hold_is_written_there_before_its_job_begins(
    commands: FirstCommands, publisher: FakePublisher, job_id: str
) -> None:
    job, _ = two_bodies(job_id)

    assert not is_superseded(commands, job)

    (again,) = publisher.taken
    assert (again.exchange, again.routing_key, again.body) == ("", "job-events", command(job).body)


def test_what_the_stream_has_passed_is_not_waited_for(
    commands: FirstCommands, publisher: FakePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_commands, "WAIT_SECONDS", 60)
    missing, _ = two_bodies(str(uuid4()))
    assert missing.asked_at is not None
    later = Job(str(uuid4()), missing.params, missing.asked_at + timedelta(minutes=2))
    commands.on_messages([command(later)])

    assert not is_superseded(commands, missing)

    assert [again.correlation_id or again.message_id for again in publisher.taken] == [missing.job_id]


def test_ids_that_no_key_made_push_none_out_that_a_key_made(commands: FirstCommands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_commands, "REMEMBERED", 1)
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))

    commands.on_messages([command(first), command(two_bodies(str(uuid4()))[0]), command(two_bodies(str(uuid4()))[0])])

    assert is_superseded(commands, later)


def test_a_key_that_is_used_again_after_its_window_makes_another_job(commands: FirstCommands) -> None:
    old, new = two_bodies(str(uuid5(NAMESPACE_URL, "key")))
    old = replace(old, asked_at=datetime.now(UTC) - JOB_WINDOW - timedelta(hours=1))
    commands.on_messages([command(old)])
    with pytest.raises(Unavailable):
        is_superseded(commands, new)

    commands.on_messages([command(new)])

    assert [is_superseded(commands, job) for job in (new, replace(old, asked_at=new.asked_at))] == [False, True]


def test_another_stream_begins_with_nothing(commands: FirstCommands) -> None:
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))
    commands.on_messages([command(first)])

    commands.on_restart()

    with pytest.raises(Unavailable):
        is_superseded(commands, later)
