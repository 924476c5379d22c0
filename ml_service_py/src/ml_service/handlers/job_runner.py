"""Which use case a job asks for, in the job process. Each loads what it computes with when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.domain import EvaluateParams, ExportParams, JobOutcome, Progress, TrainParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.adapters.sql.store import SqlStore
    from ml_service.domain import Attempt
    from ml_service.ports.storage import LiveVersion, Registry

EVALUATION_NAME = "evaluation.csv"
#: The first step of a job that computes with all ratings.
READING = "Reading the ratings"


@dataclass(frozen=True, slots=True)
class JobMandate:
    """A training writes the job's outcome together with what it promotes, so that neither is ever there without the other."""

    ledger: SqlJobLedger
    attempt: Attempt

    def name_version(self, new_name: str) -> str:
        return self.ledger.name_version(self.attempt.job.job_id, self.attempt.number, new_name)

    def complete(self, outcome: JobOutcome, live: LiveVersion | None) -> bool:
        return self.ledger.complete(self.attempt.job.job_id, self.attempt.number, outcome, live)


def run_job(store: SqlStore, registry: Registry, attempt: Attempt, report: Callable[[Progress], None]) -> JobOutcome:
    match attempt.job.params:
        case TrainParams() as params:
            from ml_service.handlers.training import train

            report(Progress(0, READING))
            return train(store, registry, JobMandate(SqlJobLedger(store.engine), attempt), params, report)
        case EvaluateParams() as params:
            return _evaluate(store, registry, attempt, params, report)
        case ExportParams() as params:
            from ml_service.handlers.exporting import export

            return export(store, registry, attempt, params, report)


def _evaluate(
    store: SqlStore, registry: Registry, attempt: Attempt, params: EvaluateParams, report: Callable[[Progress], None]
) -> JobOutcome:
    """Leaves the table as a file, and as its metrics those of what the cross-validation selects."""
    from ml_service.handlers.csv_files import MEDIA_TYPE
    from ml_service.handlers.evaluation import evaluate, to_csv

    report(Progress(0, READING))
    rows = evaluate(store.load_ratings(), params, report)
    file = registry.save_result(attempt.job.job_id, attempt.number, EVALUATION_NAME, MEDIA_TYPE, [to_csv(rows).encode()])
    return JobOutcome(rows[0].metrics, file=file)
