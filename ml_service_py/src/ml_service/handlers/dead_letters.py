"""The use cases of dead letters: look at them, give a job another run, drop one. The operator's, by command line and gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ml_service.adapters.broker.dead_letters import REJECTED
from ml_service.adapters.broker.job_messages import decode_job, job_replayed, publication_of, queued_again
from ml_service.domain import JobState
from ml_service.errors import InvalidArgument
from ml_service.handlers.jobs import JOBS
from ml_service.handlers.paging import Page, page_token, read_page_token, require_size

if TYPE_CHECKING:
    from datetime import datetime

    from ml_service.adapters.broker.dead_letters import DeadLetterQueue, DeadMessage
    from ml_service.domain import Job
    from ml_service.errors import ServiceError
    from ml_service.handlers.jobs import Publisher
    from ml_service.ports.storage import JobLedger

log = structlog.get_logger()

QUESTION = ("dead letters",)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that no worker could finish. `job` is None where it can't be decoded; `error` says why, or why the job failed."""

    letter_id: str
    message_id: str
    type: str
    job: Job | None
    attempts: int
    error: ServiceError | None
    cause: str
    died_at: datetime | None
    body: bytes


class DeadLetters:
    """All methods raise Unavailable while broker or store are away, and NotFound (DEAD_LETTER_UNKNOWN) for an id that isn't there."""

    def __init__(self, queue: DeadLetterQueue, ledger: JobLedger, publisher: Publisher) -> None:
        self._queue = queue
        self._ledger = ledger
        self._publisher = publisher

    def list(self, page_size: int, token: str) -> Page[DeadLetter]:
        """Oldest first."""
        require_size("page_size", page_size)
        after = read_page_token(QUESTION, token) if token else None
        with self._queue.opened() as messages:
            found = list(messages)
            if after is not None:
                found = found[found.index(messages.find(after)) + 1 :]
        shown = tuple(self._describe(dead) for dead in found[:page_size])
        return Page(shown, page_token(QUESTION, shown[-1].letter_id) if len(found) > page_size else "")

    def get(self, letter_id: str) -> DeadLetter:
        with self._queue.opened() as messages:
            dead = messages.find(letter_id)
        return self._describe(dead)

    def replay(self, letter_id: str) -> tuple[DeadLetter, bool]:
        """Queues the job again and then removes its letter; a second time it only removes. Says whether the job is queued.

        Raises InvalidArgument (MESSAGE_UNDECODABLE) for what is no job.
        """
        with self._queue.opened() as messages:
            dead = messages.find(letter_id)
            letter = self._describe(dead)
            is_queued = self._queue_again(decode_job(dead.message), dead)
            messages.remove(dead)
        log.info("dead letter replayed", letter=letter_id, job_id=letter.job and letter.job.job_id, is_queued=is_queued)
        return letter, is_queued

    def drop(self, letter_id: str) -> DeadLetter:
        with self._queue.opened() as messages:
            dead = messages.find(letter_id)
            letter = self._describe(dead)
            messages.remove(dead)
        log.warning("dead letter dropped", letter=letter_id, message_id=letter.message_id, job_id=letter.job and letter.job.job_id)
        return letter

    def _queue_again(self, job: Job, dead: DeadMessage) -> bool:
        # What a worker gave up and now runs was replayed before: it has a message of its own.
        record = self._ledger.revive(job.job_id, has_no_worker=dead.cause != REJECTED)
        state, attempt = (record.state, record.attempt) if record else (JobState.QUEUED, 0)
        if state is not JobState.QUEUED:
            return False
        # The fact first: a worker may begin as soon as it has the message.
        self._publisher.publish(publication_of(job_replayed(job.job_id, attempt), dead.message.traceparent))
        self._publisher.publish(queued_again(dead.message, JOBS))
        return True

    def _describe(self, dead: DeadMessage) -> DeadLetter:
        message = dead.message
        job, attempts, error = self._look_up(dead)
        return DeadLetter(
            letter_id=dead.letter_id,
            message_id=message.message_id,
            type=message.type,
            job=job,
            attempts=attempts,
            error=error,
            cause=dead.cause,
            died_at=dead.died_at,
            body=message.body,
        )

    def _look_up(self, dead: DeadMessage) -> tuple[Job | None, int, ServiceError | None]:
        try:
            job = decode_job(dead.message)
        except InvalidArgument as error:
            return None, 0, error
        record = self._ledger.find(job.job_id)
        return job, record.attempt if record else 0, record.error if record else None
