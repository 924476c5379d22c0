"""Of commands with one id the first in the stream counts, whatever the queue delivers first."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest

from ml_service.adapters.broker.envelope import ReceivedMessage
from ml_service.domain import Job, TrainParams
from ml_service.entrypoints import first_commands
from ml_service.entrypoints.first_commands import FirstCommands
from whynotboth.v1.jobs_pb2 import JobRequested
from whynotboth.v1.jobs_pb2 import TrainParams as WireTrainParams


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_commands, "WAIT_SECONDS", 0)


def command(job: Job) -> ReceivedMessage:
    assert isinstance(job.params, TrainParams)
    params = WireTrainParams(estimators=job.params.estimators, folds=job.params.folds, seed=job.params.seed)
    body = JobRequested(job_id=job.job_id, train=params).SerializeToString()
    return ReceivedMessage(JobRequested.DESCRIPTOR.full_name, job.job_id, body, offset=0)


def two_bodies(job_id: str) -> tuple[Job, Job]:
    return Job(job_id, TrainParams(("ease",))), Job(job_id, TrainParams(("svd",)))


def test_the_first_in_the_stream_counts_and_the_later_one_is_passed_over() -> None:
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))
    commands = FirstCommands()

    commands.on_messages([command(first), command(later)])

    assert [commands.is_superseded(job) for job in (later, first)] == [True, False]


def test_a_command_that_the_stream_does_not_hold_is_not_passed_over() -> None:
    commands = FirstCommands()
    commands.on_messages([ReceivedMessage(JobRequested.DESCRIPTOR.full_name, "m", b"\xff", offset=0)])

    assert not commands.is_superseded(Job(str(uuid5(NAMESPACE_URL, "another key")), TrainParams()))


@pytest.mark.parametrize("job_id", [str(uuid4()), "no uuid"])
def test_ids_that_no_key_made_are_not_looked_up(job_id: str) -> None:
    first, later = two_bodies(job_id)
    commands = FirstCommands()

    commands.on_messages([command(first)])

    assert not commands.is_superseded(later)


def test_ids_that_no_key_made_take_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_commands, "REMEMBERED", 1)
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))
    commands = FirstCommands()

    commands.on_messages([command(first), command(Job(str(uuid4()), TrainParams())), command(Job(str(uuid4()), TrainParams()))])

    assert commands.is_superseded(later)


def test_another_stream_begins_with_nothing() -> None:
    first, later = two_bodies(str(uuid5(NAMESPACE_URL, "key")))
    commands = FirstCommands()
    commands.on_messages([command(first)])

    commands.on_replay()

    assert not commands.is_superseded(later)
