"""Which use case a job asks for. Runs where the job's parameters and its store are, in the job process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_service.domain import EvaluateParams, ExportParams, Job, JobOutcome, Progress, TrainParams
from ml_service.handlers.evaluation import evaluate, to_csv
from ml_service.handlers.exporting import MEDIA_TYPE, export
from ml_service.handlers.training import train

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.adapters.registry import Registry
    from ml_service.adapters.store import Store

EVALUATION_NAME = "evaluation.csv"


def run_job(store: Store, registry: Registry, job: Job, report: Callable[[Progress], None]) -> JobOutcome:
    match job.params:
        case TrainParams() as params:
            return train(store, registry, params, report)
        case EvaluateParams() as params:
            return _evaluate(store, registry, job.job_id, params, report)
        case ExportParams() as params:
            return export(store, registry, job.job_id, params, report)


def _evaluate(store: Store, registry: Registry, job_id: str, params: EvaluateParams, report: Callable[[Progress], None]) -> JobOutcome:
    """Leaves the table as a file, and as its metrics those of what the cross-validation selects."""
    rows = evaluate(store.load_ratings(), params, report)
    file = registry.save_result(job_id, EVALUATION_NAME, MEDIA_TYPE, [to_csv(rows).encode()])
    return JobOutcome(rows[0].metrics, file=file)
