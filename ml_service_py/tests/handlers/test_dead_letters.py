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


def test_a_letter_says_what_it_was_and_why_it_is_here(dead: FakeDeadLetters, failed: str) -> None:
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


def test_letters_come_in_pages_and_copies_of_one_are_one(dead: FakeDeadLetters) -> None:
    for body in (b"a", b"b", b"a", b"c"):
        dead.bury(body)

    first = dead.handlers.list(2, "")
    second = dead.handlers.list(2, first.next_page_token)

    assert [letter.body for letter in first.rows + second.rows] == [b"a", b"b", b"c"]
    assert second.next_page_token == ""
    assert len(dead.queue) == 4


def test_a_replayed_job_is_told_of_then_queued_and_its_letter_gone(dead: FakeDeadLetters, failed: str, ledger: SqlJobLedger) -> None:
    letter, is_queued = dead.handlers.replay(failed)

    fact, command = dead.publisher.taken
    assert (fact.routing_key, command.routing_key, command.exchange) == ("job.replayed", "jobs", "")
    assert decode_job(received(command.properties, command.body)) == letter.job
    assert (is_queued, state(ledger), dead.queue) == (True, JobState.QUEUED, [])


@pytest.mark.parametrize("lost", ["job.replayed", "jobs"])
def test_a_replay_that_breaks_off_is_done_by_the_next(dead: FakeDeadLetters, failed: str, lost: str) -> None:
    dead.publisher.down = {lost}
    with pytest.raises(Unavailable):
        dead.handlers.replay(failed)
    buried = len(dead.queue)

    dead.publisher.down = set()
    dead.handlers.replay(failed)

    assert (buried, dead.queue) == (1, [])
    assert dead.publisher.keys[-2:] == ["job.replayed", "jobs"]


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_letter_whose_job_was_replayed_already_is_only_removed(
    dead: FakeDeadLetters, failed: str, ledger: SqlJobLedger, has_ended: bool
) -> None:
    ledger.revive(JOB.job_id)
    attempt = ledger.claim(JOB, "worker").attempt
    if has_ended:
        ledger.succeed(JOB.job_id, attempt, JobOutcome({}))

    _, is_queued = dead.handlers.replay(failed)

    assert (is_queued, dead.publisher.taken, dead.queue) == (False, [], [])


@pytest.mark.parametrize("cause", ["expired", "delivery_limit"])
def test_a_job_that_no_worker_gave_up_is_queued_again(dead: FakeDeadLetters, ledger: SqlJobLedger, cause: str) -> None:
    ledger.claim(JOB, "a worker that died")
    letter_id = dead.bury_job(JOB.job_id, cause)

    _, is_queued = dead.handlers.replay(letter_id)

    assert (is_queued, state(ledger)) == (True, JobState.QUEUED)
    assert dead.publisher.keys[-1] == "jobs"


def test_what_is_no_job_can_not_be_replayed_and_stays(dead: FakeDeadLetters) -> None:
    dead.bury(b"\xff\xff")
    (garbage,) = dead.handlers.list(10, "").rows

    with pytest.raises(InvalidArgument) as refused:
        dead.handlers.replay(garbage.letter_id)

    assert refused.value.reason == "MESSAGE_UNDECODABLE"
    assert len(dead.queue) == 1


def test_a_drop_takes_all_copies_and_nothing_else(dead: FakeDeadLetters) -> None:
    for body in (b"a", b"b", b"a"):
        dead.bury(body)
    (letter, _) = dead.handlers.list(10, "").rows

    dropped = dead.handlers.drop(letter.letter_id)

    assert dropped.body == b"a"
    assert [body for _, body in dead.queue] == [b"b"]


def test_an_id_that_is_not_there_is_unknown(dead: FakeDeadLetters) -> None:
    for use in (dead.handlers.get, dead.handlers.replay, dead.handlers.drop):
        with pytest.raises(NotFound) as refused:
            use("0123456789abcdef")

        assert refused.value.reason == "DEAD_LETTER_UNKNOWN"
