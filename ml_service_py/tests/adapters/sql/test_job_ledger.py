"""The job ledger: a claim counts an attempt, and only the attempt that claimed the job last writes an outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.domain import Job, JobFile, JobOutcome, JobState
from ml_service.errors import Internal, Unavailable
from ml_service.ports.job_ledger import RunsElsewhere

if TYPE_CHECKING:
    from ml_service.adapters.sql.store import SqlStore

JOB = Job("job-1", "export")
OUTCOME = JobOutcome({"users": 3.0}, "v1", promoted=True, file=JobFile("a.csv", "text/csv", 5))


@pytest.fixture
def ledger(empty_store: SqlStore) -> SqlJobLedger:
    return SqlJobLedger(empty_store.engine)


def state(ledger: SqlJobLedger) -> tuple[JobState, int]:
    record = ledger.find(JOB.job_id)
    assert record is not None
    return record.state, record.attempt


def test_each_claim_counts_one_attempt(ledger: SqlJobLedger) -> None:
    attempts = [ledger.claim(JOB, worker).attempt for worker in ("a", "b")]

    assert attempts == [1, 2]
    assert state(ledger) == (JobState.RUNNING, 2)


def test_a_job_of_another_worker_is_claimed_only_if_that_attempt_is_old(ledger: SqlJobLedger) -> None:
    now = datetime.now(UTC)
    ledger.claim(JOB, "a")

    with pytest.raises(RunsElsewhere):
        ledger.claim(JOB, "b", abandoned_before=now - timedelta(hours=1))
    after = state(ledger)
    taken_over = ledger.claim(JOB, "b", abandoned_before=now + timedelta(hours=1))

    assert (after, taken_over.attempt) == ((JobState.RUNNING, 1), 2)


def test_a_worker_can_claim_its_own_job_again(ledger: SqlJobLedger) -> None:
    ledger.claim(JOB, "a")

    again = ledger.claim(JOB, "a", abandoned_before=datetime.now(UTC) - timedelta(hours=1))

    assert (again.state, again.attempt) == (JobState.RUNNING, 2)


def test_an_attempt_that_lost_the_job_can_not_write_an_outcome(ledger: SqlJobLedger) -> None:
    first, second = ledger.claim(JOB, "a"), ledger.claim(JOB, "b")

    assert not ledger.succeed(JOB.job_id, first.attempt, OUTCOME)
    assert not ledger.requeue(JOB.job_id, first.attempt)
    assert ledger.cancel(JOB.job_id, second.attempt)


def test_a_final_job_keeps_its_outcome(ledger: SqlJobLedger) -> None:
    ledger.claim(JOB, "a")
    ledger.succeed(JOB.job_id, 1, OUTCOME)

    again = ledger.claim(JOB, "b")

    assert (again.state, again.attempt, again.outcome) == (JobState.SUCCEEDED, 1, OUTCOME)
    assert not ledger.fail(JOB.job_id, 1, Unavailable("STORE_UNAVAILABLE", "Away."))
    assert ledger.cancel_queued(JOB.job_id) is None


def test_a_failure_is_stored_with_its_reason(ledger: SqlJobLedger) -> None:
    ledger.claim(JOB, "a")
    ledger.fail(JOB.job_id, 1, Unavailable("MODEL_NOT_LOADED", "None is live."))

    found = ledger.find(JOB.job_id)

    assert found is not None
    assert found.error is not None
    assert (type(found.error), found.error.reason, found.error.detail) == (Unavailable, "MODEL_NOT_LOADED", "None is live.")


def test_an_unknown_job_is_cancelled_before_its_first_attempt(ledger: SqlJobLedger) -> None:
    cancelled = ledger.cancel_queued(JOB.job_id)

    assert cancelled is not None
    assert (cancelled.state, cancelled.attempt) == (JobState.CANCELLED, 0)
    assert ledger.cancel_queued(JOB.job_id) is None
    assert ledger.claim(JOB, "a").state is JobState.CANCELLED


def test_a_job_between_two_attempts_is_cancelled_and_a_running_one_is_not(ledger: SqlJobLedger) -> None:
    ledger.claim(JOB, "a")

    while_running = ledger.cancel_queued(JOB.job_id)
    ledger.requeue(JOB.job_id, 1)
    between = ledger.cancel_queued(JOB.job_id)

    assert while_running is None
    assert between is not None
    assert state(ledger) == (JobState.CANCELLED, 1)


def live_version(store: SqlStore) -> str | None:
    live = store.read_live()
    return live.version if live else None


def test_promotion_and_success_of_a_job_are_written_together_or_not_at_all(ledger: SqlJobLedger, empty_store: SqlStore) -> None:
    ledger.claim(JOB, "a")
    ledger.claim(JOB, "b")

    with pytest.raises(Internal) as refused:
        ledger.complete(JOB.job_id, 1, OUTCOME, None)
    before = live_version(empty_store)
    is_complete = ledger.complete(JOB.job_id, 2, OUTCOME, None)

    assert (refused.value.reason, before, is_complete) == ("JOB_TAKEN_OVER", None, True)
    assert (live_version(empty_store), state(ledger)) == ("v1", (JobState.SUCCEEDED, 2))


def test_a_job_still_runs_if_another_version_went_live_first(ledger: SqlJobLedger, empty_store: SqlStore) -> None:
    ledger.claim(JOB, "a")
    empty_store.compare_and_set_live(None, "v0")

    is_complete = ledger.complete(JOB.job_id, 1, OUTCOME, None)

    assert not is_complete
    assert (live_version(empty_store), state(ledger)) == ("v0", (JobState.RUNNING, 1))


def test_all_attempts_at_a_job_get_the_same_version_name(ledger: SqlJobLedger) -> None:
    ledger.claim(JOB, "a")
    first = ledger.name_version(JOB.job_id, 1, "v1")
    ledger.claim(JOB, "b")

    second = ledger.name_version(JOB.job_id, 2, "v2")

    assert (first, second) == ("v1", "v1")
    with pytest.raises(Internal):
        ledger.name_version(JOB.job_id, 1, "v3")


def test_a_revived_job_gets_all_its_retries_and_a_higher_attempt_number(ledger: SqlJobLedger) -> None:
    ledger.claim(JOB, "a")
    ledger.fail(JOB.job_id, 1, Unavailable("STORE_UNAVAILABLE", "Away."))

    revived, again = ledger.revive(JOB.job_id), ledger.claim(JOB, "b")

    assert revived is not None
    assert (revived.state, revived.error, revived.spent) == (JobState.QUEUED, None, 0)
    assert (again.attempt, again.spent) == (2, 1)


def test_only_a_failed_job_is_revived(ledger: SqlJobLedger) -> None:
    unknown = ledger.revive(JOB.job_id)
    ledger.claim(JOB, "a")
    ledger.succeed(JOB.job_id, 1, OUTCOME)

    finished = ledger.revive(JOB.job_id)

    assert unknown is None
    assert finished is not None
    assert (finished.state, finished.outcome) == (JobState.SUCCEEDED, OUTCOME)


def test_only_old_final_jobs_and_abandoned_ones_are_listed_and_forgotten(ledger: SqlJobLedger) -> None:
    yesterday, tomorrow = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)
    ledger.claim(JOB, "a")
    ledger.forget(JOB.job_id, tomorrow, yesterday)
    while_running = (ledger.list_expired(tomorrow, yesterday, 10), ledger.list_expired(tomorrow, tomorrow, 10), state(ledger))

    ledger.succeed(JOB.job_id, 1, OUTCOME)
    ended = (ledger.list_expired(yesterday, yesterday, 10), ledger.list_expired(tomorrow, yesterday, 10))
    ledger.forget(JOB.job_id, tomorrow, yesterday)

    assert while_running == ([], [JOB.job_id], (JobState.RUNNING, 1))
    assert ended == ([], [JOB.job_id])
    assert ledger.find(JOB.job_id) is None
