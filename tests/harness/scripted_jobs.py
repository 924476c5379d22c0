"""Jobs that follow a script: each word in `estimators` is one instruction. They run in the worker's real job process."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ml_service.domain import JobOutcome, Progress
from ml_service.errors import InvalidArgument, Unavailable
from whynotboth.v1.jobs_pb2 import TrainParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.domain import Attempt
    from ml_service.entrypoints.worker.job_process import JobRunner


def open_scripted_runner() -> JobRunner:
    return _run


def _run(attempt: Attempt, report: Callable[[Progress], None]) -> JobOutcome:
    for place, word in enumerate(TrainParams.FromString(attempt.job.params).estimators):
        report(Progress(place, word, {"ndcg_at_10": 0.5}))
        _do(word)
    return JobOutcome({"ndcg_at_10": 0.5}, model_version="20260101T000000Z-00000000")


def _do(word: str) -> None:
    verb, _, argument = word.partition(":")
    match verb:
        case "wait":
            threading.Event().wait()
        case "compute":
            ends = time.monotonic() + float(argument)
            while time.monotonic() < ends:
                sum(range(10_000))
        case "crash":
            os._exit(3)
        case "crash-once" if not Path(argument).exists():
            Path(argument).touch()
            os._exit(3)
        case "refuse-until" if not Path(argument).exists():
            raise InvalidArgument("JOB_PARAMS_INVALID", f"There is no {argument}.")
        case "be-unavailable":
            raise Unavailable("STORE_UNAVAILABLE", "The store doesn't answer.")
        case "be-invalid":
            raise InvalidArgument("JOB_PARAMS_INVALID", "No such estimator.")
        case "have-a-bug":
            raise ZeroDivisionError
