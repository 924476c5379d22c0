"""A job that does nothing, to measure the overhead of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_service.domain import JobOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.config import Settings
    from ml_service.domain import Attempt, Progress
    from ml_service.entrypoints.worker.job_process import JobRunner


def open_empty_runner(settings: Settings) -> JobRunner:  # noqa: ARG001  a job that does nothing needs none
    """Return the runner of the worker's job process; the real one would load models."""
    return run_nothing


def run_nothing(_attempt: Attempt, _report: Callable[[Progress], None]) -> JobOutcome:
    return JobOutcome({})
