"""What no worker could finish: looking disturbs nothing, a replay loses and doubles nothing, a drop says what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from harness.dead_letters import DeadLetterCommands, DeadLetterRoutes
from harness.messages import export_requested
from harness.waiting import eventually
from ml_service.adapters.broker.dead_letters import QUEUE, DeadLetterQueue
from ml_service.domain import JobState
from ml_service.errors import Unavailable
from ml_service.handlers.dead_letters import DeadLetters

if TYPE_CHECKING:
    from pathlib import Path

    from harness.broker import BrokerDriver
    from harness.gateway import GatewayDriver
    from harness.stack import Stack
    from harness.worker import JobsDriver, WorkerDriver
    from ml_service.adapters.broker.connection import BrokerAddress

#: More often than any other queue of ours gives a message out.
LOOKS = 102
JOB_REQUESTED = "whynotboth.v1.JobRequested"


@pytest.fixture
def empty_queue(broker: BrokerDriver, jobs: JobsDriver) -> str:
    """It exists, and holds nothing that another test left."""
    jobs.publish_raw(QUEUE, b"", "somebody.Elses")
    broker.dead_letters()
    return QUEUE


@pytest.fixture
def queue(address: BrokerAddress, empty_queue: str) -> DeadLetterQueue:
    return DeadLetterQueue(address)


@pytest.fixture
def commands(address: BrokerAddress, worker: WorkerDriver, empty_queue: str, tmp_path: Path) -> DeadLetterCommands:
    return DeadLetterCommands(tmp_path, address)


@pytest.fixture
def handlers(queue: DeadLetterQueue, worker: WorkerDriver) -> DeadLetters:
    return DeadLetters(queue, worker.ledger, worker.parts.publisher)


@pytest.fixture
def routes(gateway: GatewayDriver, stack: Stack) -> DeadLetterRoutes:
    stack.broker.dead_letters()
    return DeadLetterRoutes(gateway)


def bodies(queue: DeadLetterQueue) -> list[bytes]:
    with queue.opened() as messages:
        return [dead.message.body for dead in messages]


def test_looking_keeps_every_message_and_their_order(queue: DeadLetterQueue, jobs: JobsDriver, broker: BrokerDriver) -> None:
    buried = [b"first", b"second", b"third"]
    for body in buried:
        jobs.publish_raw(QUEUE, body, "somebody.Elses")

    looks = [bodies(queue) for _ in range(LOOKS)]

    assert looks == [buried] * LOOKS
    assert broker.dead_letters() == buried


def test_one_looks_at_a_time(queue: DeadLetterQueue, address: BrokerAddress, jobs: JobsDriver) -> None:
    jobs.publish_raw(QUEUE, b"only", "somebody.Elses")

    with queue.opened(), pytest.raises(Unavailable), DeadLetterQueue(address).opened():
        pass

    assert bodies(queue) == [b"only"]


def test_a_job_that_failed_for_good_is_listed_shown_replayed_and_succeeds(
    commands: DeadLetterCommands, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver, tmp_path: Path
) -> None:
    job_id = jobs.ask(f"refuse-until:{tmp_path / 'mended'}")
    jobs.outcome(job_id)
    (line,) = eventually(commands.list, within=20)
    shown = commands.show(line.split()[0])
    (tmp_path / "mended").touch()

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


def test_a_letter_that_outlived_its_replay_does_not_run_the_job_again(
    handlers: DeadLetters, worker: WorkerDriver, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    job_id = jobs.ask()
    jobs.outcome(job_id)
    request = jobs.fact(job_id, "JobRequested")
    jobs.publish_raw(QUEUE, request.SerializeToString(), request.DESCRIPTOR.full_name)
    (letter,) = handlers.list(10, "").rows

    _, is_queued = handlers.replay(letter.letter_id)

    jobs.outcome(jobs.ask())
    assert not is_queued
    assert len(jobs.facts(job_id, "JobStarted")) == 1
    assert broker.depth(QUEUE) == 0


def test_a_job_whose_end_was_asked_for_ends_cancelled_when_it_is_replayed(
    handlers: DeadLetters, worker: WorkerDriver, jobs: JobsDriver
) -> None:
    job_id = jobs.ask("be-invalid")
    jobs.outcome(job_id)
    jobs.cancel(job_id)
    (letter,) = eventually(lambda: handlers.list(10, "").rows, within=10)

    handlers.replay(letter.letter_id)

    jobs.fact(job_id, "JobCancelled")
    assert worker.record(job_id).state is JobState.CANCELLED


def test_a_drop_says_what_it_took_and_an_unknown_id_gets_a_sentence(
    commands: DeadLetterCommands, jobs: JobsDriver, broker: BrokerDriver
) -> None:
    jobs.publish_raw(QUEUE, b"\xff\xff", "somebody.Elses")
    (line,) = commands.list()

    refused = commands.refusal("replay", line.split()[0])
    dropped = commands.drop(line.split()[0])
    unknown = commands.refusal("show", "nothing")

    assert "Mend its publisher" in refused
    assert dropped == f"Dropped {line}\n"
    assert unknown == "There is no dead letter nothing. List them to see which there are.\n"
    assert broker.depth(QUEUE) == 0


def test_the_operator_does_the_same_over_the_gateway(routes: DeadLetterRoutes, stack: Stack, gateway: GatewayDriver) -> None:
    job_id = str(uuid4())
    # The gateway itself refuses such a limit.
    body = export_requested(job_id, limit=0)
    stack.broker.publish(body, exchange="jobs", routing_key="job.requested", message_type=JOB_REQUESTED, message_id=job_id)
    letter = eventually(lambda: routes.of_job(job_id), within=20)

    replayed = routes.replay(letter["deadLetterId"])
    again = eventually(lambda: (found := routes.of_job(job_id)) and found["attempts"] == 2 and found, within=20)
    dropped = routes.drop(again["deadLetterId"])

    assert (letter["kind"], letter["attempts"], letter["error"]["reason"]) == ("export", 1, "JOB_PARAMS_INVALID")
    assert (replayed["queued"], dropped["jobId"], routes.of_job(job_id)) == (True, job_id, None)
    job = gateway.job_in_state(job_id, "failed")
    assert job["attempts"] == 2


def test_what_is_no_job_is_refused_a_replay_over_the_gateway(routes: DeadLetterRoutes, stack: Stack) -> None:
    stack.broker.publish(b"\xff\xff", routing_key=QUEUE, message_type="somebody.Elses")
    (letter,) = routes.list()

    refused = routes.refusal(letter["deadLetterId"])
    body = routes.get(letter["deadLetterId"])["body"]
    routes.drop(letter["deadLetterId"])

    assert (refused["status"], refused["reason"], body) == (400, "MESSAGE_UNDECODABLE", "//8=")
