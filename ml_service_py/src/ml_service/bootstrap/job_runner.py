"""The composition root of the job process. It imports little: NumPy and more come with the first job of a kind that needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_service.adapters.registry.registry import FileRegistry
from ml_service.adapters.sql.database import open_engine
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.adapters.sql.store import SqlStore
from ml_service.entrypoints.process.logs import configure_logs
from ml_service.handlers.jobs.kinds import JobContext, run_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.config import Settings
    from ml_service.domain import Attempt, JobOutcome, Progress
    from ml_service.entrypoints.worker.job_process import JobRunner


def open_job_runner(settings: Settings) -> JobRunner:
    """Return the function that runs one attempt. Call it in the job process."""
    configure_logs(settings.log_level)
    engine = open_engine(settings.database_url.get_secret_value())
    store, ledger, registry = SqlStore(engine), SqlJobLedger(engine), FileRegistry(settings.registry_url)

    def run(attempt: Attempt, report: Callable[[Progress], None]) -> JobOutcome:
        return run_job(JobContext(store, registry, ledger, attempt, report))

    return run
