"""Dead letters: looking changes nothing, a replay loses and doubles nothing, a drop takes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import AWAY, FakeDeadLetters

from ml_service.adapters.broker.envelope import received
from ml_service.adapters.broker.job_messages import decode_job
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.domain import Job, JobOutcome, JobState
from ml_service.errors import InvalidArgument, NotFound, Unavailable

if TYPE_CHECKING:
    from ml_service.adapters.sql.store import SqlStore

JOB = Job("job-1", "export")


@pytest.fixture
def ledger(empty_store: SqlStore) -> SqlJobLedger:
    return SqlJobLedger(empty_store.engine)


@pytest.fixture
def dead(ledger: SqlJobLedger) -> FakeDeadLetters:
    return FakeDeadLetters(ledger)


@pytest.fixture
def failed(ledger: SqlJobLedger, dead: FakeDeadLetters) -> str:
    """The letter of a job whose only attempt failed."""
    ledger.claim(JOB, "worker")
    ledger.fail(JOB.job_id, 1, AWAY)
    return dead.bury_job(JOB.job_id)


def state(ledger: SqlJobLedger) -> JobState:
    record = ledger.find(JOB.job_id)
    assert record is not None
    return record.state


def test_a_dead_letter_shows_its_job_and_its_cause(dead: FakeDeadLetters, failed: str) -> None:
    dead.bury(b"\xff\xff")

    job, garbage = dead.handlers.list(10, "").rows

    assert (job.letter_id, job.job, job.attempts, job.cause, job.error and job.error.reason) == (
        failed,
        JOB,
        1,
        "rejected",
        "BROKER_UNAVAILABLE",
    )
    assert (garbage.job, garbage.error and garbage.error.reason) == (None, "MESSAGE_UNDECODABLE")


def test_dead_letters_are_paged_and_copies_count_once(dead: FakeDeadLetters) -> None:
    for body in (b"a", b"b", b"a", b"c"):
        dead.bury(body)

    first = dead.handlers.list(2, "")
    second = dead.handlers.list(2, first.next_page_token)

    assert [letter.body for letter in first.rows + second.rows] == [b"a", b"b", b"c"]
    assert second.next_page_token == ""
    assert len(dead.queue) == 4


def test_a_replay_publishes_the_fact_queues_the_job_and_removes_the_letter(
    dead: FakeDeadLetters, failed: str, ledger: SqlJobLedger
) -> None:
    letter, is_queued = dead.handlers.replay(failed)

    fact, command = dead.publisher.taken
    assert (fact.routing_key, command.routing_key, command.exchange) == ("job.replayed", "jobs", "")
    assert decode_job(received(command.properties, command.body)) == letter.job
    assert (is_queued, state(ledger), dead.queue) == (True, JobState.QUEUED, [])


@pytest.mark.parametrize("lost", ["job.replayed", "jobs"])
def test_a_second_replay_completes_a_failed_one(dead: FakeDeadLetters, failed: str, lost: str) -> None:
    dead.publisher.down = {lost}
    with pytest.raises(Unavailable):
        dead.handlers.replay(failed)
    buried = len(dead.queue)

    dead.publisher.down = set()
    dead.handlers.replay(failed)

    assert (buried, dead.queue) == (1, [])
    assert dead.publisher.keys[-2:] == ["job.replayed", "jobs"]


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_replay_of_a_replayed_job_only_removes_the_letter(
    dead: FakeDeadLetters, failed: str, ledger: SqlJobLedger, has_ended: bool
) -> None:
    ledger.revive(JOB.job_id)
    attempt = ledger.claim(JOB, "worker").attempt
    if has_ended:
        ledger.succeed(JOB.job_id, attempt, JobOutcome({}))

    _, is_queued = dead.handlers.replay(failed)

    assert (is_queued, dead.publisher.taken, dead.queue) == (False, [], [])


@pytest.mark.parametrize("cause", ["expired", "delivery_limit"])
def test_a_replay_queues_a_running_job_whose_message_expired(dead: FakeDeadLetters, ledger: SqlJobLedger, cause: str) -> None:
    ledger.claim(JOB, "a worker that died")
    letter_id = dead.bury_job(JOB.job_id, cause)

    _, is_queued = dead.handlers.replay(letter_id)

    assert (is_queued, state(ledger)) == (True, JobState.QUEUED)
    assert dead.publisher.keys[-1] == "jobs"


def test_a_letter_without_a_job_can_not_be_replayed_and_stays(dead: FakeDeadLetters) -> None:
    dead.bury(b"\xff\xff")
    (garbage,) = dead.handlers.list(10, "").rows

    with pytest.raises(InvalidArgument) as refused:
        dead.handlers.replay(garbage.letter_id)

    assert refused.value.reason == "MESSAGE_UNDECODABLE"
    assert len(dead.queue) == 1


def test_a_drop_removes_all_copies_and_no_other_letter(dead: FakeDeadLetters) -> None:
    for body in (b"a", b"b", b"a"):
        dead.bury(body)
    (letter, _) = dead.handlers.list(10, "").rows

    dropped = dead.handlers.drop(letter.letter_id)

    assert dropped.body == b"a"
    assert [body for _, body in dead.queue] == [b"b"]


def test_an_unknown_letter_id_is_not_found(dead: FakeDeadLetters) -> None:
    for use in (dead.handlers.get, dead.handlers.replay, dead.handlers.drop):
        with pytest.raises(NotFound) as refused:
            use("0123456789abcdef")

        assert refused.value.reason == "DEAD_LETTER_UNKNOWN"
