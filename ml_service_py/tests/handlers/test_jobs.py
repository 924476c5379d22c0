"""Ledger and facts in step, whatever fails in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from fakes import AWAY, FakePublisher

from ml_service.adapters.broker.envelope import Publication
from ml_service.adapters.broker.job_messages import CancelRequest
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.domain import Attempt, Job, JobOutcome, JobState, Progress, TrainParams
from ml_service.errors import Unavailable
from ml_service.handlers.jobs import JOB_WINDOW, JobBook

if TYPE_CHECKING:
    from ml_service.adapters.sql.store import SqlStore

JOB = Job("job-1", TrainParams())


@pytest.fixture
def ledger(empty_store: SqlStore) -> SqlJobLedger:
    return SqlJobLedger(empty_store.engine)


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def book(ledger: SqlJobLedger, publisher: FakePublisher) -> JobBook:
    return JobBook(ledger, publisher, "worker-1")


@pytest.fixture
def attempt(book: JobBook) -> Attempt:
    record = book.claim(JOB, is_redelivered=True)
    return Attempt(JOB, record.attempt, record.spent, "00-a-b-01")


def test_facts_carry_the_trace_of_the_job(book: JobBook, publisher: FakePublisher, attempt: Attempt) -> None:
    book.start(attempt)
    book.progress(attempt, Progress(50, "half"))
    book.succeed(attempt, JobOutcome({}))

    assert publisher.keys == ["job.started", "job.progressed", "job.succeeded"]
    assert {publication.traceparent for publication in publisher.taken} == {"00-a-b-01"}


def test_a_start_that_could_not_be_told_is_told_when_that_is_asked_for_again(
    book: JobBook, publisher: FakePublisher, attempt: Attempt
) -> None:
    publisher.down = {"job.started"}
    confirm = book.start(attempt)
    with pytest.raises(Unavailable):
        confirm()

    publisher.down = set()
    confirm()

    assert publisher.keys == ["job.started"]


def test_an_outcome_that_was_written_but_not_told_is_told_at_the_next_call(
    book: JobBook, publisher: FakePublisher, attempt: Attempt
) -> None:
    publisher.down = {"job.succeeded"}
    with pytest.raises(Unavailable):
        book.succeed(attempt, JobOutcome({}))

    publisher.down = set()
    book.succeed(attempt, JobOutcome({}))

    assert publisher.keys == ["job.succeeded"]


def test_an_outcome_of_an_attempt_that_is_over_is_not_told(book: JobBook, publisher: FakePublisher, attempt: Attempt) -> None:
    book.claim(JOB, is_redelivered=True)

    book.succeed(attempt, JobOutcome({}))
    book.fail(attempt, AWAY)

    assert publisher.taken == []


def test_progress_that_can_not_be_told_holds_up_nothing(book: JobBook, publisher: FakePublisher, attempt: Attempt) -> None:
    publisher.down = {"job.progressed"}

    is_published = book.progress(attempt, Progress(50, "half"))

    assert (is_published, publisher.taken) == (False, [])


def test_a_promoted_version_is_announced_and_a_lost_hint_harms_nothing(book: JobBook, publisher: FakePublisher, attempt: Attempt) -> None:
    publisher.down = {""}

    book.succeed(attempt, JobOutcome({}, "v1", promoted=True))

    assert publisher.keys == ["job.succeeded"]


def test_a_retried_job_waits_before_it_is_told_of(book: JobBook, publisher: FakePublisher, attempt: Attempt, ledger: SqlJobLedger) -> None:
    again = Publication("", "jobs.retry.1", "type", "id", b"")

    book.retry(attempt, AWAY, again, 5_000)

    record = ledger.find(JOB.job_id)
    assert publisher.keys == ["jobs.retry.1", "job.retried"]
    assert record is not None
    assert record.state is JobState.QUEUED


def test_a_job_that_was_cancelled_meanwhile_is_not_queued_again(book: JobBook, publisher: FakePublisher, attempt: Attempt) -> None:
    publisher.down = {"jobs.retry.1"}
    again = Publication("", "jobs.retry.1", "type", "id", b"")
    with pytest.raises(Unavailable):
        book.retry(attempt, AWAY, again, 5_000)
    book.cancel_queued(CancelRequest(JOB.job_id, datetime.now(UTC)))

    publisher.down = set()
    book.retry(attempt, AWAY, again, 5_000)

    assert set(publisher.keys) == {"job.cancelled"}


def test_a_job_that_is_handed_back_keeps_its_attempts_and_raises_its_fence(
    book: JobBook, publisher: FakePublisher, attempt: Attempt
) -> None:
    book.hand_back(attempt, Unavailable("SHUTTING_DOWN", "Stopped."))

    claimed = book.claim(JOB, is_redelivered=True)

    assert publisher.keys == ["job.retried"]
    assert (claimed.attempt, claimed.spent) == (attempt.number + 1, attempt.spent)


def test_a_job_that_fails_and_is_tried_again_uses_its_attempts_up(book: JobBook, attempt: Attempt) -> None:
    book.retry(attempt, AWAY, Publication("", "jobs.retry.1", "type", "id", b""), 5_000)

    claimed = book.claim(JOB, is_redelivered=True)

    assert (claimed.attempt, claimed.spent) == (2, 2)


def test_what_an_attempt_finished_counts_however_its_process_ended(
    book: JobBook, publisher: FakePublisher, attempt: Attempt, ledger: SqlJobLedger
) -> None:
    ledger.complete(JOB.job_id, attempt.number, JobOutcome({}, "v1", promoted=True), None)

    book.cancel(attempt)
    has_failed = book.fail(attempt, AWAY)

    assert not has_failed
    assert set(publisher.keys) == {"", "job.succeeded"}
    assert book.claim(JOB, is_redelivered=True).state is JobState.SUCCEEDED


def test_a_cancel_request_older_than_the_window_is_history(book: JobBook, publisher: FakePublisher, ledger: SqlJobLedger) -> None:
    book.cancel_queued(CancelRequest(JOB.job_id, datetime.now(UTC) - JOB_WINDOW - timedelta(hours=1)))

    assert publisher.taken == []
    assert ledger.find(JOB.job_id) is None


@pytest.mark.parametrize("end", ["succeed", "fail", "cancel"])
def test_the_outcome_of_a_job_is_told_again_as_it_was(book: JobBook, publisher: FakePublisher, attempt: Attempt, end: str) -> None:
    endings = {"succeed": (JobOutcome({"map": 0.5}),), "fail": (AWAY,), "cancel": ()}
    getattr(book, end)(attempt, *endings[end])

    book.tell_again(book.claim(JOB, is_redelivered=True), "00-a-b-01")

    first, again = publisher.taken
    assert (again.routing_key, again.correlation_id) == (first.routing_key, first.correlation_id)
