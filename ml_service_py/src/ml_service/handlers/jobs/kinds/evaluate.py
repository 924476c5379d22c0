"""The job kind `evaluate`: measure estimators, and write the table as a CSV file."""

from __future__ import annotations

from ml_service.domain import JobOutcome, Progress
from ml_service.handlers.csv_files import MEDIA_TYPE
from ml_service.handlers.evaluation import EvaluateParams, evaluate, load_ratings, to_csv
from ml_service.handlers.jobs.kinds import JobContext, JobKind
from whynotboth.v1 import jobs_pb2

FILE_NAME = "evaluation.csv"


def decode(body: bytes) -> EvaluateParams:
    message = jobs_pb2.EvaluateParams.FromString(body)
    given = {"seed": message.seed} if message.HasField("seed") else {}
    return EvaluateParams(estimators=tuple(message.estimators), **given)


def run(context: JobContext, params: EvaluateParams) -> JobOutcome:
    """Return the metrics of the estimator that the cross-validation selects; the file has those of all."""
    context.report(Progress(0, "Reading the ratings"))
    rows = evaluate(load_ratings(context.store, params), params, context.report)
    attempt = context.attempt
    file = context.registry.save_result(attempt.job.job_id, attempt.number, FILE_NAME, MEDIA_TYPE, [to_csv(rows).encode()])
    return JobOutcome(rows[0].metrics, file=file)


EVALUATE = JobKind(decode, run)
