"""The stack's own worker, whose jobs do nothing: `python -m benchmarks.contenders.empty_worker`. All else is as in `ml_service work`."""

from __future__ import annotations

import asyncio
import sys

from benchmarks.contenders.empty_jobs import open_empty_runner
from ml_service.bootstrap.worker import work
from ml_service.config import read_settings
from ml_service.entrypoints.process.logs import configure_logs

if __name__ == "__main__":
    settings = read_settings()
    configure_logs(settings.log_level)
    sys.exit(asyncio.run(work(settings, open_empty_runner)))
