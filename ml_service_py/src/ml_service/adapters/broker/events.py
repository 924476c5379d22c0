"""Publishes facts about jobs and model versions, and commands again. Only this module knows their exchanges, queues and time limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog

from ml_service.adapters.broker import job_messages
from ml_service.adapters.broker.model_messages import model_promoted
from ml_service.adapters.broker.topology import RETRY_PREFIX
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.adapters.broker.envelope import Publication
    from ml_service.adapters.broker.job_messages import Fact
    from ml_service.domain import Attempt, Progress
    from ml_service.errors import ServiceError
    from ml_service.ports.job_ledger import JobRecord
    from ml_service.ports.messaging import ReceivedMessage

log = structlog.get_logger()

JOBS = "jobs"
JOB_EVENTS = "job-events"
#: Callers try again, so it may be short. Two of these, with a write to the store, must fit into the time that a worker has to stop.
CONFIRM_SECONDS = 2.0
#: The next progress replaces one that isn't confirmed.
PROGRESS_CONFIRM_SECONDS = 0.5
#: Recommenders also poll the store for the live version.
HINT_CONFIRM_SECONDS = 1.0


class ConfirmingPublisher(Protocol):
    """Returns on the broker's confirm; raises Unavailable (BROKER_UNAVAILABLE) after the time limit."""

    def publish(self, publication: Publication, timeout_seconds: float = ...) -> None: ...

    def send(self, publication: Publication) -> Callable[[float], None]:
        """Publish without waiting; the returned function waits for the confirm."""


class BrokerEvents:
    def __init__(self, publisher: ConfirmingPublisher) -> None:
        self._publisher = publisher

    def job_started(self, attempt: Attempt, worker: str) -> Callable[[], None]:
        fact = job_messages.job_started(attempt.job.job_id, attempt.number, worker)
        publication = job_messages.publication_of(fact, attempt.traceparent)
        sent = [self._publisher.send(publication)]

        def confirm() -> None:
            wait = sent.pop() if sent else self._publisher.send(publication)
            wait(CONFIRM_SECONDS)

        return confirm

    def job_progressed(self, attempt: Attempt, progress: Progress) -> None:
        fact = job_messages.job_progressed(attempt.job.job_id, attempt.number, progress)
        self._publish(fact, attempt.traceparent, PROGRESS_CONFIRM_SECONDS)

    def job_retried(self, attempt: Attempt, error: ServiceError, delay_ms: int) -> None:
        self._publish(job_messages.job_retried(attempt.job.job_id, attempt.number, error, delay_ms), attempt.traceparent)

    def job_ended(self, record: JobRecord, traceparent: str | None) -> None:
        self._publish(_final_fact(record), traceparent)

    def job_replayed(self, job_id: str, attempt: int, traceparent: str | None) -> None:
        self._publish(job_messages.job_replayed(job_id, attempt), traceparent)

    def model_promoted(self, version: str) -> None:
        try:
            self._publisher.publish(model_promoted(version), HINT_CONFIRM_SECONDS)
        except Unavailable as error:
            log.warning("hint not published", version=version, reason=error.reason, detail=error.detail)

    def _publish(self, fact: Fact, traceparent: str | None, timeout_seconds: float = CONFIRM_SECONDS) -> None:
        self._publisher.publish(job_messages.publication_of(fact, traceparent), timeout_seconds)


class BrokerJobCommands:
    def __init__(self, publisher: ConfirmingPublisher) -> None:
        self._publisher = publisher

    def queue(self, message: ReceivedMessage) -> None:
        self._publish(message, JOBS)

    def queue_delayed(self, message: ReceivedMessage, retry: int) -> None:
        self._publish(message, f"{RETRY_PREFIX}{retry}")

    def append_to_log(self, message: ReceivedMessage) -> None:
        self._publish(message, JOB_EVENTS)

    def _publish(self, message: ReceivedMessage, queue: str) -> None:
        self._publisher.publish(job_messages.queued_again(message, queue), CONFIRM_SECONDS)


def _final_fact(record: JobRecord) -> Fact:
    if record.outcome is not None:
        return job_messages.job_succeeded(record.job_id, record.attempt, record.outcome)
    if record.error is not None:
        return job_messages.job_failed(record.job_id, record.attempt, record.error)
    return job_messages.job_cancelled(record.job_id, record.attempt)
