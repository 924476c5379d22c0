"""The job messages as domain values: the command and the cancel request that come in, the facts that go out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from ml_service.adapters.broker.envelope import Publication, ReceivedMessage, decode, read_time
from ml_service.domain import ID_RULE, EvaluateParams, ExportParams, Job, TrainParams, is_id
from ml_service.errors import InvalidArgument, ServiceError
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
    from ml_service.domain import JobOutcome, JobParams, Progress

REASON_PREFIX = "ERROR_REASON_"

Fact = JobStarted | JobProgressed | JobSucceeded | JobRetried | JobFailed | JobCancelled | JobReplayed
"""The facts about a job that workers publish; each has `job_id` and `occurred_at`."""
FACT_TYPES = frozenset(fact.DESCRIPTOR.full_name for fact in get_args(Fact))


@dataclass(frozen=True, slots=True)
class CancelRequest:
    job_id: str
    occurred_at: datetime


def is_command(message: ReceivedMessage) -> bool:
    return message.type == JobRequested.DESCRIPTOR.full_name


def job_of_fact(message: ReceivedMessage) -> str | None:
    """Return the job's id of a fact that a worker published; None for any other message."""
    return message.correlation_id if message.type in FACT_TYPES else None


def decode_job(message: ReceivedMessage) -> Job:
    """The defaults of absent parameters are the domain's. Raises InvalidArgument (MESSAGE_UNDECODABLE)."""
    request = decode(message, JobRequested)
    _require_id(request.job_id)
    return Job(request.job_id, _params(request), read_time(request, "occurred_at"))


def decode_cancel_request(message: ReceivedMessage) -> CancelRequest | None:
    """None for every other fact of the stream. Raises InvalidArgument (MESSAGE_UNDECODABLE)."""
    if message.type != JobCancelRequested.DESCRIPTOR.full_name:
        return None
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
    """The fact as it goes to the exchange `jobs`, stamped with the time."""
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
    """The same message, to a queue of its own choice."""
    return Publication("", queue, message.type, message.message_id, message.body, message.correlation_id, message.traceparent)


def _require_id(job_id: str) -> None:
    if not is_id(job_id):
        raise InvalidArgument("MESSAGE_UNDECODABLE", f"The job's id can't be one: {ID_RULE}. Mend its publisher.")


def _params(request: JobRequested) -> JobParams:
    match request.WhichOneof("params"):
        case "train":
            train = request.train
            given = {name: getattr(train, name) for name in ("folds", "seed") if train.HasField(name)}
            return TrainParams(estimators=tuple(train.estimators), **given)
        case "evaluate":
            evaluate = request.evaluate
            seeds = {"seed": evaluate.seed} if evaluate.HasField("seed") else {}
            return EvaluateParams(estimators=tuple(evaluate.estimators), **seeds)
        case "export":
            return ExportParams(limit=request.export.limit) if request.export.HasField("limit") else ExportParams()
    raise InvalidArgument("MESSAGE_UNDECODABLE", f"The job '{request.job_id}' has no parameters of a known kind. Mend its publisher.")


def _failure(error: ServiceError) -> Failure:
    return Failure(reason=ErrorReason.Value(REASON_PREFIX + error.reason), detail=error.detail)


def _now() -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return now
