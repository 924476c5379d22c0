"""Dead letters: a peek changes nothing, a replay loses and doubles nothing, and a drop reports what it removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.dead_letters import DeadLetterCommands
from harness.waiting import eventually
from ml_service.adapters.broker.dead_letters import QUEUE, BrokerDeadLetterQueue
from ml_service.adapters.broker.events import BrokerEvents, BrokerJobCommands
from ml_service.domain import JobState
from ml_service.errors import Unavailable
from ml_service.handlers.dead_letters import DeadLetters

if TYPE_CHECKING:
    from pathlib import Path

    from harness.broker import BrokerDriver
    from harness.worker import JobsDriver, WorkerDriver
    from ml_service.adapters.broker.connection import BrokerAddress

#: More than the delivery limit of our other queues.
PEEKS = 102


@pytest.fixture
def empty_queue(broker: BrokerDriver, jobs: JobsDriver) -> str:
    """The queue of dead letters, declared and empty."""
    jobs.publish_raw(QUEUE, b"", "somebody.Elses")
    broker.dead_letters()
    return QUEUE


@pytest.fixture
def queue(address: BrokerAddress, empty_queue: str) -> BrokerDeadLetterQueue:
    return BrokerDeadLetterQueue(address)


@pytest.fixture
def commands(address: BrokerAddress, worker: WorkerDriver, empty_queue: str, tmp_path: Path) -> DeadLetterCommands:
    return DeadLetterCommands(tmp_path, address)


@pytest.fixture
def handlers(queue: BrokerDeadLetterQueue, worker: WorkerDriver) -> DeadLetters:
    return DeadLetters(queue, worker.ledger, BrokerEvents(worker.parts.publisher), BrokerJobCommands(worker.parts.publisher))


def bodies(queue: BrokerDeadLetterQueue) -> list[bytes]:
    with queue.opened() as messages:
        return [dead.message.body for dead in messages]


def test_a_peek_keeps_every_message_and_their_order(queue: BrokerDeadLetterQueue, jobs: JobsDriver, broker: BrokerDriver) -> None:
    buried = [b"first", b"second", b"third"]
    for body in buried:
        jobs.publish_raw(QUEUE, body, "somebody.Elses")

    peeks = [bodies(queue) for _ in range(PEEKS)]

    assert peeks == [buried] * PEEKS
    assert broker.dead_letters() == buried


def test_only_one_client_can_peek_at_a_time(queue: BrokerDeadLetterQueue, address: BrokerAddress, jobs: JobsDriver) -> None:
    jobs.publish_raw(QUEUE, b"only", "somebody.Elses")

    with queue.opened(), pytest.raises(Unavailable), BrokerDeadLetterQueue(address).opened():
        pass

    assert bodies(queue) == [b"only"]


def test_a_dead_lettered_job_is_listed_shown_replayed_and_succeeds(
    commands: DeadLetterCommands, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    job_id = jobs.request(f"refuse-until:{tmp_path / 'repaired'}")
    jobs.outcome(job_id)
    (line,) = eventually(commands.list, within=20)
    shown = commands.show(line.split()[0])
    (tmp_path / "repaired").touch()

    said = commands.replay(line.split()[0])

    succeeded = jobs.fact(job_id, "JobSucceeded")
    assert "JOB_PARAMS_INVALID" in line
    assert f"{job_id}, 1 attempts" in shown
    assert said == f"Job {job_id} is queued again\n"
    assert [fact.DESCRIPTOR.name for fact in jobs.facts(job_id, "JobFailed", "JobReplayed", "JobStarted")] == [
        "JobStarted",
        "JobFailed",
        "JobReplayed",
        "JobStarted",
    ]
    assert (succeeded.attempt, broker.depth(QUEUE)) == (2, 0)


def test_replaying_the_letter_of_a_finished_job_does_not_run_it_again(
    handlers: DeadLetters, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    job_id = jobs.request()
    jobs.outcome(job_id)
    request = jobs.fact(job_id, "JobRequested")
    jobs.publish_raw(QUEUE, request.SerializeToString(), request.DESCRIPTOR.full_name)
    (letter,) = handlers.list(10, "").rows

    _, is_queued = handlers.replay(letter.letter_id)

    jobs.outcome(jobs.request())
    assert not is_queued
    assert len(jobs.facts(job_id, "JobStarted")) == 1
    assert broker.depth(QUEUE) == 0


def test_replaying_a_cancelled_job_ends_it_as_cancelled(handlers: DeadLetters, worker: WorkerDriver, jobs: JobsDriver) -> None:
    job_id = jobs.request("be-invalid")
    jobs.outcome(job_id)
    jobs.cancel(job_id)
    (letter,) = eventually(lambda: handlers.list(10, "").rows, within=10)

    handlers.replay(letter.letter_id)

    jobs.fact(job_id, "JobCancelled")
    assert worker.record(job_id).state is JobState.CANCELLED


def test_a_drop_reports_what_it_removed_and_an_unknown_id_is_an_error(
    commands: DeadLetterCommands, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    jobs.publish_raw(QUEUE, b"\xff\xff", "somebody.Elses")
    (line,) = commands.list()

    refused = commands.refusal("replay", line.split()[0])
    dropped = commands.drop(line.split()[0])
    unknown = commands.refusal("show", "nothing")

    assert "Fix its publisher" in refused
    assert dropped == f"Dropped {line}\n"
    assert unknown == "There is no dead letter nothing. List them to see their ids.\n"
    assert broker.depth(QUEUE) == 0
