"""Job runners for the tests of the job process, which imports this module by name."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from ml_service.domain import JobOutcome, Progress
from ml_service.errors import NotFound
from whynotboth.v1.jobs_pb2 import TrainParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.domain import Attempt
    from ml_service.entrypoints.worker.job_process import JobRunner


def open_runner() -> JobRunner:
    return _run


def open_broken_runner() -> JobRunner:
    raise RuntimeError("This runner can't be opened.")


def _run(attempt: Attempt, report: Callable[[Progress], None]) -> JobOutcome:
    for percent, word in enumerate(TrainParams.FromString(attempt.job.params).estimators):
        report(Progress(percent, word))
        if word == "wait":
            threading.Event().wait()
        elif word == "crash":
            os._exit(3)
        elif word == "refuse":
            raise NotFound("ITEM_UNKNOWN", "No such item.")
        elif word == "stumble":
            raise ZeroDivisionError
    return JobOutcome({"process": float(os.getpid())})
