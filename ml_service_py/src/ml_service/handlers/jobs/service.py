"""The job service: writes what happens to a job to the ledger, and then publishes it as a fact."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from ml_service.domain import JobState
from ml_service.errors import Unavailable
from ml_service.ports.job_ledger import JobRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ml_service.domain import Attempt, Job, JobOutcome, Progress
    from ml_service.errors import ServiceError
    from ml_service.ports.job_ledger import JobLedger
    from ml_service.ports.messaging import CancelRequest, Events, JobCommands, ReceivedMessage

log = structlog.get_logger()

#: How long stream, queue and ledger keep a job.
JOB_WINDOW = timedelta(days=7)
#: The broker takes a message away from a worker after this time, so no attempt lasts longer.
ABANDONED_AFTER = timedelta(hours=2)


class JobService:
    """Every method may be called again after it raised Unavailable: an outcome is written once."""

    def __init__(self, ledger: JobLedger, events: Events, commands: JobCommands, worker: str, *, retry_delays_ms: Sequence[int]) -> None:
        """`retry_delays_ms`: the delays after the first, second, … failed attempt. One attempt follows the last delay."""
        self._ledger = ledger
        self._events = events
        self._commands = commands
        self._worker = worker
        self._retry_delays_ms = retry_delays_ms

    def claim(self, job: Job, *, is_redelivered: bool) -> JobRecord:
        """Begin the next attempt, unless the job is final. Raise RunsElsewhere for a second message of a running job.

        A redelivered message is that of a worker that died: this worker takes the job over.
        """
        if is_redelivered:
            return self._ledger.claim(job, self._worker)
        return self._ledger.claim(job, self._worker, abandoned_before=datetime.now(UTC) - ABANDONED_AFTER)

    def put_off(self, job: Job, message: ReceivedMessage) -> None:
        """Queue a second message again after a delay: the running attempt may still need it."""
        log.info("job runs elsewhere", job_id=job.job_id)
        self._commands.queue_delayed(message, 1)

    def publish_again(self, record: JobRecord, traceparent: str | None) -> None:
        """Publish the outcome of a final job again, as its first publication may have failed."""
        log.info("job found finished", job_id=record.job_id, state=record.state.value)
        self._publish_end(record, traceparent)

    def start(self, attempt: Attempt) -> Callable[[], None]:
        """Publish the start without waiting. The returned function waits for the confirm; call it before publishing the outcome."""
        log.info("job started", job_id=attempt.job.job_id, kind=attempt.job.kind, attempt=attempt.number)
        return self._events.job_started(attempt, self._worker)

    def progress(self, attempt: Attempt, progress: Progress) -> bool:
        """Publish the progress, but don't wait for a broker that is away: the next one replaces it. Return whether the log has it."""
        with suppress(Unavailable):
            self._events.job_progressed(attempt, progress)
            return True
        return False

    def succeed(self, attempt: Attempt, outcome: JobOutcome) -> None:
        job_id, number = attempt.job.job_id, attempt.number
        is_written = self._ledger.succeed(job_id, number, outcome)
        # This saves reading the row that was written.
        written = JobRecord(job_id, JobState.SUCCEEDED, number, attempt.spent, outcome, error=None)
        self._conclude(attempt, written if is_written else None)

    def is_exhausted(self, attempt: Attempt) -> bool:
        """Return whether the earlier attempts already used up all: each began and never ended."""
        return attempt.spent > len(self._retry_delays_ms) + 1

    def settle_failure(self, attempt: Attempt, error: ServiceError, message: ReceivedMessage) -> bool:
        """Queue the job again if the error may pass and an attempt is left, else let it fail: the one place that decides this.

        Return whether the job failed: False also if it ended otherwise before, or if another attempt has it.
        """
        if error.retryable and attempt.spent <= len(self._retry_delays_ms):
            self._retry(attempt, error, message)
            return False
        self._ledger.fail(attempt.job.job_id, attempt.number, error)
        return self._conclude(attempt) is JobState.FAILED

    def cancel(self, attempt: Attempt) -> None:
        self._ledger.cancel(attempt.job.job_id, attempt.number)
        self._conclude(attempt)

    def _retry(self, attempt: Attempt, error: ServiceError, message: ReceivedMessage) -> None:
        """Give the job up for another attempt: queue its message again after the delay of this retry."""
        self._ledger.requeue(attempt.job.job_id, attempt.number)
        if self._is_queued(attempt):
            self._commands.queue_delayed(message, attempt.spent)
            self._publish_retry(attempt, error, self._retry_delays_ms[attempt.spent - 1])
        else:
            self._conclude(attempt)

    def hand_back(self, attempt: Attempt, error: ServiceError) -> None:
        """Give the job up for another attempt without counting this one. The broker returns its message to the queue."""
        self._ledger.hand_back(attempt.job.job_id, attempt.number)
        if self._is_queued(attempt):
            self._publish_retry(attempt, error, 0)

    def queue_lost(self, job: Job, message: ReceivedMessage) -> None:
        """Queue a command that the log holds, unless a worker knows the job. The ledger notes it, so that no worker queues it again."""
        if self._ledger.find(job.job_id) is not None:
            return
        # Noted only after the confirm: if this worker dies in between, another one queues it. Two messages with one id are one job.
        self._commands.queue(message)
        self._ledger.add_queued(job)
        log.warning("lost command queued again", job_id=job.job_id, kind=job.kind)

    def cancel_queued(self, request: CancelRequest) -> None:
        """Cancel a job that waits. The worker that runs a job cancels it itself; a final job stays."""
        # The stream may keep a request longer than the ledger keeps its job.
        if request.occurred_at < datetime.now(UTC) - JOB_WINDOW:
            return
        if record := self._ledger.cancel_queued(request.job_id):
            log.info("job cancelled", job_id=record.job_id, attempt=record.attempt)
            self._publish_end(record, None)

    def _conclude(self, attempt: Attempt, written: JobRecord | None = None) -> JobState | None:
        """Publish the end as the ledger has it, written now or before: a training writes its own outcome, and may be killed after."""
        record = written or self._ledger.find(attempt.job.job_id)
        if record is None or record.attempt != attempt.number or not record.state.is_final:
            log.warning("job outcome ignored", job_id=attempt.job.job_id, attempt=attempt.number)
            return None
        log.info("job finished", job_id=record.job_id, attempt=record.attempt, state=record.state.value)
        self._publish_end(record, attempt.traceparent)
        return record.state

    def _is_queued(self, attempt: Attempt) -> bool:
        """Return whether the job waits since this attempt gave it up."""
        record = self._ledger.find(attempt.job.job_id)
        return record is not None and (record.state, record.attempt) == (JobState.QUEUED, attempt.number)

    def _publish_retry(self, attempt: Attempt, error: ServiceError, delay_ms: int) -> None:
        job_id, number = attempt.job.job_id, attempt.number
        log.warning("job retried", job_id=job_id, attempt=number, reason=error.reason, detail=error.detail, delay_ms=delay_ms)
        self._events.job_retried(attempt, error, delay_ms)

    def _publish_end(self, record: JobRecord, traceparent: str | None) -> None:
        if record.outcome is not None and record.outcome.promoted:
            self._events.model_promoted(record.outcome.model_version)
        self._events.job_ended(record, traceparent)
