"""The job service keeps ledger and facts in step, whichever call fails in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from fakes import AWAY, FakePublisher

from ml_service.adapters.broker.events import BrokerEvents, BrokerJobCommands
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.domain import Attempt, Job, JobOutcome, JobState, Progress
from ml_service.errors import Internal, Unavailable, error_of
from ml_service.handlers.jobs.service import JOB_WINDOW, JobService
from ml_service.ports.messaging import CancelRequest, ReceivedMessage
from whynotboth.v1.jobs_pb2 import JobRetried

if TYPE_CHECKING:
    from ml_service.adapters.sql.store import SqlStore

JOB = Job("job-1", "train")
MESSAGE = ReceivedMessage("type", "id", b"")
DELAYS_MS = (5_000, 30_000)
BUG = Internal("INTERNAL", "A bug.")


@pytest.fixture
def ledger(empty_store: SqlStore) -> SqlJobLedger:
    return SqlJobLedger(empty_store.engine)


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def service(ledger: SqlJobLedger, publisher: FakePublisher) -> JobService:
    return JobService(ledger, BrokerEvents(publisher), BrokerJobCommands(publisher), "worker-1", retry_delays_ms=DELAYS_MS)


@pytest.fixture
def attempt(service: JobService) -> Attempt:
    record = service.claim(JOB, is_redelivered=True)
    return Attempt(JOB, record.attempt, record.spent, "00-a-b-01")


def test_facts_carry_the_trace_of_their_job(service: JobService, publisher: FakePublisher, attempt: Attempt) -> None:
    service.start(attempt)
    service.progress(attempt, Progress(50, "half"))
    service.succeed(attempt, JobOutcome({}))

    assert publisher.keys == ["job.started", "job.progressed", "job.succeeded"]
    assert {publication.traceparent for publication in publisher.taken} == {"00-a-b-01"}


def test_a_start_that_could_not_be_published_is_published_by_the_next_call(
    service: JobService, publisher: FakePublisher, attempt: Attempt
) -> None:
    publisher.down = {"job.started"}
    confirm = service.start(attempt)
    with pytest.raises(Unavailable):
        confirm()

    publisher.down = set()
    confirm()

    assert publisher.keys == ["job.started"]


def test_an_outcome_that_was_written_but_not_published_is_published_by_the_next_call(
    service: JobService, publisher: FakePublisher, attempt: Attempt
) -> None:
    publisher.down = {"job.succeeded"}
    with pytest.raises(Unavailable):
        service.succeed(attempt, JobOutcome({}))

    publisher.down = set()
    service.succeed(attempt, JobOutcome({}))

    assert publisher.keys == ["job.succeeded"]


def test_an_outcome_of_an_attempt_that_was_taken_over_is_not_published(
    service: JobService, publisher: FakePublisher, attempt: Attempt
) -> None:
    service.claim(JOB, is_redelivered=True)

    service.succeed(attempt, JobOutcome({}))
    service.settle_failure(attempt, BUG, MESSAGE)

    assert publisher.taken == []


def test_progress_that_can_not_be_published_raises_no_error(service: JobService, publisher: FakePublisher, attempt: Attempt) -> None:
    publisher.down = {"job.progressed"}

    is_published = service.progress(attempt, Progress(50, "half"))

    assert (is_published, publisher.taken) == (False, [])


def test_a_lost_hint_about_a_promoted_version_does_not_fail_the_job(
    service: JobService, publisher: FakePublisher, attempt: Attempt
) -> None:
    publisher.down = {""}

    service.succeed(attempt, JobOutcome({}, "v1", promoted=True))

    assert publisher.keys == ["job.succeeded"]


def test_a_retried_job_is_queued_before_the_fact_is_published(
    service: JobService, publisher: FakePublisher, attempt: Attempt, ledger: SqlJobLedger
) -> None:

    service.settle_failure(attempt, AWAY, MESSAGE)

    record = ledger.find(JOB.job_id)
    assert publisher.keys == ["jobs.retry.1", "job.retried"]
    assert record is not None
    assert record.state is JobState.QUEUED


def test_a_job_that_was_cancelled_meanwhile_is_not_queued_again(service: JobService, publisher: FakePublisher, attempt: Attempt) -> None:
    publisher.down = {"jobs.retry.1"}
    with pytest.raises(Unavailable):
        service.settle_failure(attempt, AWAY, MESSAGE)
    service.cancel_queued(CancelRequest(JOB.job_id, datetime.now(UTC)))

    publisher.down = set()
    service.settle_failure(attempt, AWAY, MESSAGE)

    assert set(publisher.keys) == {"job.cancelled"}


def test_a_job_that_is_handed_back_keeps_its_retries_and_raises_its_attempt_number(
    service: JobService, publisher: FakePublisher, attempt: Attempt
) -> None:
    service.hand_back(attempt, Unavailable("SHUTTING_DOWN", "Stopped."))

    claimed = service.claim(JOB, is_redelivered=True)

    assert publisher.keys == ["job.retried"]
    assert (claimed.attempt, claimed.spent) == (attempt.number + 1, attempt.spent)


def test_a_retry_uses_up_an_attempt(service: JobService, attempt: Attempt) -> None:
    service.settle_failure(attempt, AWAY, MESSAGE)

    claimed = service.claim(JOB, is_redelivered=True)

    assert (claimed.attempt, claimed.spent) == (2, 2)


def test_a_committed_outcome_counts_however_the_process_ends(
    service: JobService, publisher: FakePublisher, attempt: Attempt, ledger: SqlJobLedger
) -> None:
    ledger.complete(JOB.job_id, attempt.number, JobOutcome({}, "v1", promoted=True), None)

    service.cancel(attempt)
    has_failed = service.settle_failure(attempt, BUG, MESSAGE)

    assert not has_failed
    assert set(publisher.keys) == {"", "job.succeeded"}
    assert service.claim(JOB, is_redelivered=True).state is JobState.SUCCEEDED


def test_a_cancel_request_older_than_the_job_window_is_ignored(service: JobService, publisher: FakePublisher, ledger: SqlJobLedger) -> None:
    service.cancel_queued(CancelRequest(JOB.job_id, datetime.now(UTC) - JOB_WINDOW - timedelta(hours=1)))

    assert publisher.taken == []
    assert ledger.find(JOB.job_id) is None


@pytest.mark.parametrize("end", ["succeed", "settle_failure", "cancel"])
def test_the_outcome_of_a_job_is_published_again_unchanged(
    service: JobService, publisher: FakePublisher, attempt: Attempt, end: str
) -> None:
    endings = {"succeed": (JobOutcome({"map": 0.5}),), "settle_failure": (BUG, MESSAGE), "cancel": ()}
    getattr(service, end)(attempt, *endings[end])

    service.publish_again(service.claim(JOB, is_redelivered=True), "00-a-b-01")

    first, again = publisher.taken
    assert (again.routing_key, again.correlation_id) == (first.routing_key, first.correlation_id)


@pytest.mark.parametrize(
    ("reason", "spent"),
    [
        ("STORE_UNAVAILABLE", 1),
        ("STORE_UNAVAILABLE", 2),
        ("RECOMMENDER_OVERLOADED", 1),
        ("JOB_PROCESS_DIED", 1),
        ("UPSTREAM_FAILED", 1),
        ("DEADLINE_EXCEEDED", 1),
    ],
)
def test_an_attempt_whose_error_may_pass_is_followed_by_another_after_a_delay(
    service: JobService, publisher: FakePublisher, attempt: Attempt, reason: str, spent: int
) -> None:
    has_failed = service.settle_failure(replace(attempt, spent=spent), error_of(reason, "Why."), MESSAGE)

    retried = JobRetried.FromString(publisher.taken[-1].body)
    assert not has_failed
    assert publisher.keys == [f"jobs.retry.{spent}", "job.retried"]
    assert retried.delay_ms == DELAYS_MS[spent - 1]


@pytest.mark.parametrize(
    ("reason", "spent"),
    [
        ("STORE_UNAVAILABLE", 3),
        ("INTERNAL", 1),
        ("JOB_TAKEN_OVER", 1),
        ("JOB_DEADLINE_EXCEEDED", 1),
        ("JOB_PARAMS_INVALID", 1),
        ("USER_UNKNOWN", 1),
        ("TOKEN_INVALID", 1),
    ],
)
def test_a_job_fails_after_its_last_attempt_and_after_an_error_that_does_not_pass(
    service: JobService, publisher: FakePublisher, attempt: Attempt, reason: str, spent: int
) -> None:
    has_failed = service.settle_failure(replace(attempt, spent=spent), error_of(reason, "Why."), MESSAGE)

    assert has_failed
    assert publisher.keys == ["job.failed"]
