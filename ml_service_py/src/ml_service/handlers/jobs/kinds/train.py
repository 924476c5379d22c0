"""The job kind `train`: choose, fit and roll out a model version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.domain import JobOutcome, Progress
from ml_service.handlers.jobs.kinds import JobContext, JobKind
from ml_service.handlers.training import TrainParams, train
from whynotboth.v1 import jobs_pb2

if TYPE_CHECKING:
    from ml_service.ports.job_ledger import JobLedger
    from ml_service.ports.storage import LiveVersion


@dataclass(frozen=True, slots=True)
class JobVersionReservation:
    """Commits a training's outcome in the transaction that makes its version live, fenced by the attempt number."""

    ledger: JobLedger
    job_id: str
    attempt: int

    def name_version(self, new_name: str) -> str:
        return self.ledger.name_version(self.job_id, self.attempt, new_name)

    def complete(self, outcome: JobOutcome, live: LiveVersion | None) -> bool:
        return self.ledger.complete(self.job_id, self.attempt, outcome, live)


def decode(body: bytes) -> TrainParams:
    message = jobs_pb2.TrainParams.FromString(body)
    given = {name: getattr(message, name) for name in ("folds", "seed") if message.HasField(name)}
    return TrainParams(estimators=tuple(message.estimators), **given)


def run(context: JobContext, params: TrainParams) -> JobOutcome:
    context.report(Progress(0, "Reading the ratings"))
    reservation = JobVersionReservation(context.ledger, context.attempt.job.job_id, context.attempt.number)
    return train(context.store, context.registry, reservation, params, context.report)


TRAIN = JobKind(decode, run)
