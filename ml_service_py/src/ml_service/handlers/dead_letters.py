"""The use cases of dead letters: list them, replay a job, drop a letter. Operators call them by command line and gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ml_service.domain import Job, JobState
from ml_service.handlers.paging import Page, page_token, read_page_token, require_size
from ml_service.ports.messaging import REJECTED

if TYPE_CHECKING:
    from datetime import datetime

    from ml_service.errors import ServiceError
    from ml_service.ports.job_ledger import JobLedger
    from ml_service.ports.messaging import DeadLetterQueue, DeadMessage, Events, JobCommands

log = structlog.get_logger()

QUESTION = ("dead letters",)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that no worker could finish. `job` is None if the body can't be decoded. `error`: why not, or why the job failed."""

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
    """All methods raise Unavailable while broker or store are away, and NotFound (DEAD_LETTER_UNKNOWN) for an unknown id."""

    def __init__(self, queue: DeadLetterQueue, ledger: JobLedger, events: Events, commands: JobCommands) -> None:
        self._queue = queue
        self._ledger = ledger
        self._events = events
        self._commands = commands

    def list(self, page_size: int, token: str) -> Page[DeadLetter]:
        """Return a page, oldest first."""
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
        """Queue the job again, then remove its letter; return whether the job is queued. A second call only removes the letter.

        Raise InvalidArgument (MESSAGE_UNDECODABLE) for a letter without a job.
        """
        with self._queue.opened() as messages:
            dead = messages.find(letter_id)
            if not isinstance(dead.job, Job):
                raise dead.job
            letter = self._describe(dead)
            is_queued = self._queue_again(dead.job, dead)
            messages.remove(dead)
        log.info("dead letter replayed", letter=letter_id, job_id=dead.job.job_id, is_queued=is_queued)
        return letter, is_queued

    def drop(self, letter_id: str) -> DeadLetter:
        with self._queue.opened() as messages:
            dead = messages.find(letter_id)
            letter = self._describe(dead)
            messages.remove(dead)
        log.warning("dead letter dropped", letter=letter_id, message_id=letter.message_id, job_id=letter.job and letter.job.job_id)
        return letter

    def _queue_again(self, job: Job, dead: DeadMessage) -> bool:
        # If a worker gave the message up and the job runs now, it was replayed before and has another message.
        record = self._ledger.revive(job.job_id, has_no_worker=dead.cause != REJECTED)
        state, attempt = (record.state, record.attempt) if record else (JobState.QUEUED, 0)
        if state is not JobState.QUEUED:
            return False
        # The fact first: a worker may begin as soon as it has the message.
        self._events.job_replayed(job.job_id, attempt, dead.message.traceparent)
        self._commands.queue(dead.message)
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
        if not isinstance(dead.job, Job):
            return None, 0, dead.job
        record = self._ledger.find(dead.job.job_id)
        return dead.job, record.attempt if record else 0, record.error if record else None
