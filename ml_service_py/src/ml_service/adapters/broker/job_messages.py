"""The job messages and their domain values: the command and the cancel request that come in, the facts that go out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args
from uuid import uuid4

import structlog
from google.protobuf.timestamp_pb2 import Timestamp

from ml_service.adapters.broker.envelope import Publication, decode, read_time
from ml_service.domain import ID_RULE, Job, is_id
from ml_service.errors import InvalidArgument, ServiceError
from ml_service.ports.messaging import CancelRequest, JobEvent, JobFact
from whynotboth.v1.errors_pb2 import ErrorReason, Failure
from whynotboth.v1.jobs_pb2 import (
    JobCancelled,
    JobCancelRequested,
    JobFailed,
    JobFile,
    JobProgressed,
    JobReplayed,
    JobRequested,
    JobResult,
    JobRetried,
    JobStarted,
    JobSucceeded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ml_service.domain import JobOutcome, Progress
    from ml_service.ports.messaging import ReceivedMessage

log = structlog.get_logger()

REASON_PREFIX = "ERROR_REASON_"

Fact = JobStarted | JobProgressed | JobSucceeded | JobRetried | JobFailed | JobCancelled | JobReplayed
"""The facts about a job that workers publish; each has `job_id` and `occurred_at`."""
FACT_TYPES = frozenset(fact.DESCRIPTOR.full_name for fact in get_args(Fact))


def read_job_event(message: ReceivedMessage) -> JobEvent:
    """Decode a message of the stream `job-events`. A stream has no dead letters, so an undecodable message has no content."""
    try:
        return JobEvent(message, _content(message))
    except InvalidArgument as error:
        log.warning("job event ignored", reason=error.reason, detail=error.detail, offset=message.offset)
        return JobEvent(message, None)


def decoding(handle: Callable[[Sequence[JobEvent]], None]) -> Callable[[Sequence[ReceivedMessage]], None]:
    """Return a handler of messages that decodes them for a handler of events."""
    return lambda messages: handle([read_job_event(message) for message in messages])


def _content(message: ReceivedMessage) -> Job | CancelRequest | JobFact | None:
    if message.type == JobRequested.DESCRIPTOR.full_name:
        return decode_job(message)
    if message.type == JobCancelRequested.DESCRIPTOR.full_name:
        return decode_cancel_request(message)
    if message.type in FACT_TYPES and message.correlation_id:
        return JobFact(message.correlation_id)
    return None


def decode_job(message: ReceivedMessage) -> Job:
    """Raise InvalidArgument (MESSAGE_UNDECODABLE). The parameters stay encoded: only the file of their kind reads them."""
    request = decode(message, JobRequested)
    _require_id(request.job_id)
    kind = request.WhichOneof("params")
    if kind is None:
        raise InvalidArgument("MESSAGE_UNDECODABLE", f"The job '{request.job_id}' has no parameters of a known kind. Fix its publisher.")
    params = getattr(request, kind).SerializeToString(deterministic=True)
    return Job(request.job_id, kind, params, read_time(request, "occurred_at"))


def decode_cancel_request(message: ReceivedMessage) -> CancelRequest:
    """Raise InvalidArgument (MESSAGE_UNDECODABLE)."""
    request = decode(message, JobCancelRequested)
    _require_id(request.job_id)
    return CancelRequest(request.job_id, read_time(request, "occurred_at") or datetime.now(UTC))


def job_started(job_id: str, attempt: int, worker: str) -> JobStarted:
    return JobStarted(job_id=job_id, attempt=attempt, worker=worker)


def job_progressed(job_id: str, attempt: int, progress: Progress) -> JobProgressed:
    return JobProgressed(job_id=job_id, attempt=attempt, percent=progress.percent, step=progress.step, metrics=progress.metrics)


def job_succeeded(job_id: str, attempt: int, outcome: JobOutcome) -> JobSucceeded:
    result = JobResult(model_version=outcome.model_version, promoted=outcome.promoted)
    if outcome.file is not None:
        result.file.CopyFrom(JobFile(name=outcome.file.name, media_type=outcome.file.media_type, size_bytes=outcome.file.size_bytes))
    return JobSucceeded(job_id=job_id, attempt=attempt, metrics=outcome.metrics, result=result)


def job_retried(job_id: str, attempt: int, error: ServiceError, delay_ms: int) -> JobRetried:
    return JobRetried(job_id=job_id, attempt=attempt, error=_failure(error), delay_ms=delay_ms)


def job_failed(job_id: str, attempt: int, error: ServiceError) -> JobFailed:
    return JobFailed(job_id=job_id, attempt=attempt, error=_failure(error))


def job_cancelled(job_id: str, attempt: int) -> JobCancelled:
    return JobCancelled(job_id=job_id, attempt=attempt)


def job_replayed(job_id: str, attempt: int) -> JobReplayed:
    return JobReplayed(job_id=job_id, attempt=attempt)


def publication_of(fact: Fact, traceparent: str | None = None) -> Publication:
    """Return the fact as a message to the exchange `jobs`, with the current time."""
    fact.occurred_at.CopyFrom(_now())
    key = fact.DESCRIPTOR.name.removeprefix("Job").lower()
    return Publication(
        exchange="jobs",
        routing_key=f"job.{key}",
        type=fact.DESCRIPTOR.full_name,
        message_id=str(uuid4()),
        body=fact.SerializeToString(),
        correlation_id=fact.job_id,
        traceparent=traceparent,
    )


def queued_again(message: ReceivedMessage, queue: str) -> Publication:
    """Return the same message for one queue, by way of the default exchange."""
    return Publication("", queue, message.type, message.message_id, message.body, message.correlation_id, message.traceparent)


def _require_id(job_id: str) -> None:
    if not is_id(job_id):
        raise InvalidArgument("MESSAGE_UNDECODABLE", f"The job's id is not valid: it must have {ID_RULE}. Fix its publisher.")


def _failure(error: ServiceError) -> Failure:
    return Failure(reason=ErrorReason.Value(REASON_PREFIX + error.reason), detail=error.detail)


def _now() -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return now
