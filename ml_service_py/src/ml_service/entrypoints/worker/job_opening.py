"""What the job process begins with: as little as that, so that it is warm soon and small at rest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ml_service.adapters.registry.registry import FileRegistry
from ml_service.adapters.sql.database import open_engine
from ml_service.adapters.sql.store import SqlStore
from ml_service.entrypoints.process.logs import configure_logs
from ml_service.handlers.job_runner import run_job

if TYPE_CHECKING:
    from ml_service.config import Settings
    from ml_service.entrypoints.worker.job_process import JobRunner


def open_job_runner(settings: Settings) -> JobRunner:
    """Called in the job process. What a kind of job computes with is loaded with the first of its kind."""
    configure_logs(settings.log_level)
    return partial(run_job, SqlStore(open_engine(settings.database_url.get_secret_value())), FileRegistry(settings.registry_url))
