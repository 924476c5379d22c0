"""Ports to the message broker: the messages that come in, and the facts and commands that go out.

Every method that talks to the broker raises Unavailable (BROKER_UNAVAILABLE) while the broker doesn't answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ml_service.domain import Job, LogPosition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from ml_service.domain import Attempt, Progress
    from ml_service.errors import InvalidArgument, ServiceError
    from ml_service.ports.job_ledger import JobRecord

#: The cause of a dead letter that a worker gave up. Others come from the broker, as `expired`.
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as it came, not decoded. `offset` is its place in a stream, None for a message of a queue."""

    type: str
    message_id: str
    body: bytes = field(repr=False)
    correlation_id: str | None = None
    traceparent: str | None = None
    offset: int | None = None

    @property
    def position(self) -> LogPosition:
        if self.offset is None:
            raise ValueError("A message of a queue has no position.")
        return LogPosition(self.offset, self.message_id)


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Somebody wants the job to stop."""

    job_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class JobFact:
    """A worker published something about the job, so it has its command."""

    job_id: str


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A message of the stream `job-events`. `content`: a command (Job), a request, a fact; None for a message that can't be decoded."""

    message: ReceivedMessage
    content: Job | CancelRequest | JobFact | None


class Detach(Exception):
    """A handler of stream messages raises this to end the current attachment. The reader attaches again after a delay."""


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """How far a stream reader is. One that attaches again and again without a new offset makes no progress."""

    is_attached: bool
    offset: int | None
    attachments: int
    restarts: int


class LogReader(Protocol):
    """Port: a reader of a stream."""

    @property
    def status(self) -> ReaderStatus: ...


class Events(Protocol):
    """Port: publishes facts. Each method returns after the broker's confirm, unless it says otherwise."""

    def job_started(self, attempt: Attempt, worker: str) -> Callable[[], None]:
        """Publish without waiting. The returned function waits for the confirm; after an error, it publishes again."""

    def job_progressed(self, attempt: Attempt, progress: Progress) -> None: ...

    def job_retried(self, attempt: Attempt, error: ServiceError, delay_ms: int) -> None: ...

    def job_ended(self, record: JobRecord, traceparent: str | None) -> None:
        """Publish the outcome of a final job: succeeded, failed or cancelled."""

    def job_replayed(self, job_id: str, attempt: int, traceparent: str | None) -> None: ...

    def model_promoted(self, version: str) -> None:
        """Hint to recommenders that a version went live. Never raise: they also poll the store."""


class JobCommands(Protocol):
    """Port: publishes a received command again."""

    def queue(self, message: ReceivedMessage) -> None:
        """Put the command into the queue of jobs."""

    def queue_delayed(self, message: ReceivedMessage, retry: int) -> None:
        """Put the command into the queue after the delay of this retry, counted from 1."""

    def append_to_log(self, message: ReceivedMessage) -> None:
        """Append the command to the stream `job-events`."""


class Delivery(Protocol):
    """Port: a command that the queue gave to this worker. Settle it once, from any thread."""

    @property
    def message(self) -> ReceivedMessage: ...

    @property
    def is_redelivered(self) -> bool:
        """Whether another worker had it and did not settle it."""

    def read_job(self) -> Job:
        """Raise InvalidArgument (MESSAGE_UNDECODABLE)."""

    def acknowledge(self) -> None: ...

    def dead_letter(self) -> None: ...

    def release(self) -> None:
        """Return it to the queue, which delivers it again."""


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """All copies of one dead-lettered message. `job`: the decoded command, or why it can't be decoded.

    `cause` is "" and `died_at` None if the broker doesn't say.
    """

    letter_id: str
    message: ReceivedMessage
    job: Job | InvalidArgument
    cause: str
    died_at: datetime | None


class DeadMessages(Protocol):
    """Port: the dead letters while one process looks at them, oldest first."""

    def __iter__(self) -> Iterator[DeadMessage]: ...

    def find(self, letter_id: str) -> DeadMessage:
        """Raise NotFound (DEAD_LETTER_UNKNOWN)."""

    def remove(self, dead: DeadMessage) -> None: ...


class DeadLetterQueue(Protocol):
    """Port: the queue of dead letters."""

    def opened(self) -> AbstractContextManager[DeadMessages]:
        """Look at the dead letters. All that aren't removed return to their places at the end of the block."""
