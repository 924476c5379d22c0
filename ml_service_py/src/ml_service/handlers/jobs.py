"""What becomes of a job: claims and outcomes, first in the ledger, then as a fact. Nothing is computed here."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import structlog

from ml_service.adapters.broker import job_messages
from ml_service.adapters.broker.model_messages import model_promoted
from ml_service.domain import JobState
from ml_service.errors import Unavailable
from ml_service.ports.storage import JobRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.adapters.broker.envelope import Publication, ReceivedMessage
    from ml_service.adapters.broker.job_messages import CancelRequest, Fact
    from ml_service.domain import Attempt, Job, JobOutcome, Progress
    from ml_service.errors import ServiceError
    from ml_service.ports.storage import JobLedger

log = structlog.get_logger()

JOBS = "jobs"
#: How long stream, queue and ledger keep a job.
JOB_WINDOW = timedelta(days=7)
#: As long as the broker leaves a message with a worker. No attempt lasts longer, whether its end was written or not.
ABANDONED_AFTER = timedelta(hours=2)
#: Who waits tries again, so it may be short; with what handing back takes it must fit into the time that a worker has to stop.
FACT_TIMEOUT_SECONDS = 2.0
PROGRESS_TIMEOUT_SECONDS = 0.5
HINT_TIMEOUT_SECONDS = 1.0
#: A worker that stops has no time to lose.
HAND_BACK_TIMEOUT_SECONDS = 2.0


class Publisher(Protocol):
    """Returns on the broker's confirm; raises Unavailable (BROKER_UNAVAILABLE) otherwise, within the time."""

    def publish(self, publication: Publication, timeout_seconds: float = ...) -> None: ...

    def send(self, publication: Publication) -> Callable[[float], None]:
        """The same in two steps: what it gives waits for the confirm."""


class JobBook:
    """Ledger and facts in step. Every method may be called again after it raised Unavailable: what is written stays written once."""

    def __init__(self, ledger: JobLedger, publisher: Publisher, worker: str) -> None:
        self._ledger = ledger
        self._publisher = publisher
        self._worker = worker

    def claim(self, job: Job, *, is_redelivered: bool) -> JobRecord:
        """Begins the next attempt, unless the job is final. Raises RunsElsewhere for a second message of a job that runs.

        The message of a worker that died is delivered again; that one takes the job over.
        """
        if is_redelivered:
            return self._ledger.claim(job, self._worker)
        return self._ledger.claim(job, self._worker, abandoned_before=datetime.now(UTC) - ABANDONED_AFTER)

    def put_off(self, job: Job, later: Publication) -> None:
        """Lets a second message wait: the attempt under way may still need it."""
        log.info("job runs elsewhere", job_id=job.job_id)
        self._publisher.publish(later, FACT_TIMEOUT_SECONDS)

    def tell_again(self, record: JobRecord, traceparent: str | None) -> None:
        """Tells the outcome of a final job, as the first time may not have been heard."""
        log.info("job found finished", job_id=record.job_id, state=record.state.value)
        self._tell_end(record, traceparent)

    def start(self, attempt: Attempt) -> Callable[[], None]:
        """Tells it without waiting: the job may run meanwhile. What it gives returns once that is told, as it must be before the end is."""
        log.info("job started", job_id=attempt.job.job_id, kind=attempt.job.kind.value, attempt=attempt.number)
        fact = job_messages.job_started(attempt.job.job_id, attempt.number, self._worker)
        publication = job_messages.publication_of(fact, attempt.traceparent)
        sent = [self._publisher.send(publication)]

        def confirm() -> None:
            confirmed = sent.pop() if sent else self._publisher.send(publication)
            confirmed(FACT_TIMEOUT_SECONDS)

        return confirm

    def progress(self, attempt: Attempt, progress: Progress) -> bool:
        """Publish it without waiting for a broker that is away: the next one replaces it. Return whether the log has it."""
        fact = job_messages.job_progressed(attempt.job.job_id, attempt.number, progress)
        with suppress(Unavailable):
            self._tell(fact, attempt.traceparent, PROGRESS_TIMEOUT_SECONDS)
            return True
        return False

    def succeed(self, attempt: Attempt, outcome: JobOutcome) -> None:
        job_id, number = attempt.job.job_id, attempt.number
        is_written = self._ledger.succeed(job_id, number, outcome)
        # What was written needn't be read again.
        written = JobRecord(job_id, JobState.SUCCEEDED, number, attempt.spent, outcome, error=None)
        self._conclude(attempt, written if is_written else None)

    def fail(self, attempt: Attempt, error: ServiceError) -> bool:
        """Says whether the job has failed by that: False where it ended otherwise before, or goes on in another attempt."""
        self._ledger.fail(attempt.job.job_id, attempt.number, error)
        return self._conclude(attempt) is JobState.FAILED

    def cancel(self, attempt: Attempt) -> None:
        self._ledger.cancel(attempt.job.job_id, attempt.number)
        self._conclude(attempt)

    def retry(self, attempt: Attempt, error: ServiceError, again: Publication, delay_ms: int) -> None:
        """Gives the job up for another attempt; `again` is the message that waits out the delay."""
        self._ledger.requeue(attempt.job.job_id, attempt.number)
        if self._is_queued(attempt):
            self._publisher.publish(again, FACT_TIMEOUT_SECONDS)
            self._tell_retry(attempt, error, delay_ms)
        else:
            self._conclude(attempt)

    def hand_back(self, attempt: Attempt, error: ServiceError) -> None:
        """Gives the job up for another attempt, not counting this one; its message returns by itself."""
        self._ledger.hand_back(attempt.job.job_id, attempt.number)
        if self._is_queued(attempt):
            self._tell_retry(attempt, error, 0, HAND_BACK_TIMEOUT_SECONDS)

    def queue_lost(self, job: Job, message: ReceivedMessage) -> None:
        """Queue a command that the log holds, unless a worker knows the job. The ledger notes it, so that no worker queues it again."""
        if self._ledger.find(job.job_id) is not None:
            return
        # Noted only after the confirm: a worker that dies in between leaves it to another one, and of two messages one job comes.
        self._publisher.publish(job_messages.queued_again(message, JOBS), FACT_TIMEOUT_SECONDS)
        self._ledger.add_queued(job)
        log.warning("lost command queued again", job_id=job.job_id, kind=job.kind.value)

    def cancel_queued(self, request: CancelRequest) -> None:
        """Ends a job that waits. One that runs is ended by the worker that runs it; a final one stays."""
        # Facts may outlive the window in the stream, where the ledger has forgotten the job.
        if request.occurred_at < datetime.now(UTC) - JOB_WINDOW:
            return
        if record := self._ledger.cancel_queued(request.job_id):
            log.info("job cancelled", job_id=record.job_id, attempt=record.attempt)
            self._tell_end(record, None)

    def _conclude(self, attempt: Attempt, written: JobRecord | None = None) -> JobState | None:
        """Tells the end of the attempt as the ledger has it, written now or before: a training writes its own, and may be killed after."""
        record = written or self._ledger.find(attempt.job.job_id)
        if record is None or record.attempt != attempt.number or not record.state.is_final:
            log.warning("job outcome ignored", job_id=attempt.job.job_id, attempt=attempt.number)
            return None
        log.info("job finished", job_id=record.job_id, attempt=record.attempt, state=record.state.value)
        self._tell_end(record, attempt.traceparent)
        return record.state

    def _is_queued(self, attempt: Attempt) -> bool:
        """Whether the job waits since this attempt gave it up."""
        record = self._ledger.find(attempt.job.job_id)
        return record is not None and (record.state, record.attempt) == (JobState.QUEUED, attempt.number)

    def _tell_retry(self, attempt: Attempt, error: ServiceError, delay_ms: int, timeout_seconds: float = FACT_TIMEOUT_SECONDS) -> None:
        job_id, number = attempt.job.job_id, attempt.number
        log.warning("job retried", job_id=job_id, attempt=number, reason=error.reason, detail=error.detail, delay_ms=delay_ms)
        self._tell(job_messages.job_retried(job_id, number, error, delay_ms), attempt.traceparent, timeout_seconds)

    def _tell_end(self, record: JobRecord, traceparent: str | None) -> None:
        if record.outcome is not None and record.outcome.promoted:
            # Only a hint: recommenders find out by themselves, later.
            with suppress(Unavailable):
                self._publisher.publish(model_promoted(record.outcome.model_version), HINT_TIMEOUT_SECONDS)
        self._tell(_final_fact(record), traceparent)

    def _tell(self, fact: Fact, traceparent: str | None = None, timeout_seconds: float = FACT_TIMEOUT_SECONDS) -> None:
        self._publisher.publish(job_messages.publication_of(fact, traceparent), timeout_seconds)


def _final_fact(record: JobRecord) -> Fact:
    if record.outcome is not None:
        return job_messages.job_succeeded(record.job_id, record.attempt, record.outcome)
    if record.error is not None:
        return job_messages.job_failed(record.job_id, record.attempt, record.error)
    return job_messages.job_cancelled(record.job_id, record.attempt)
