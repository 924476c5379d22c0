"""Removes jobs and their files after the job window, and files that dead writers left. Workers call it every hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from ml_service.handlers.jobs.service import JOB_WINDOW

if TYPE_CHECKING:
    from ml_service.ports.job_ledger import JobLedger
    from ml_service.ports.storage import Registry

log = structlog.get_logger()

#: Jobs removed in one call: a second or two, which a worker that stops can wait for.
EXPIRED_AT_ONCE = 500
#: A version is written within minutes, so a file that is older than this has no writer any more.
REMAINS_AFTER = timedelta(days=1)


def remove_expired(ledger: JobLedger, registry: Registry) -> bool:
    """Remove some jobs; return whether there may be more. Raise Unavailable while store or registry can't be reached."""
    now = datetime.now(UTC)
    # A message waits one window in the queue and one as a dead letter. After both, no message of the job is left.
    ended_before, abandoned_before = now - JOB_WINDOW, now - 2 * JOB_WINDOW
    expired = ledger.list_expired(ended_before, abandoned_before, EXPIRED_AT_ONCE)
    for job_id in expired:
        # The files first: a file without its job would stay until the sweep.
        registry.remove_results(job_id)
        ledger.forget(job_id, ended_before, abandoned_before)
    if len(expired) == EXPIRED_AT_ONCE:
        return True
    # Only after the last expired job, as it lists the whole registry. Files this old belong to no job of the ledger.
    swept = registry.sweep(remains_before=now - REMAINS_AFTER, results_before=abandoned_before)
    if swept:
        log.info("abandoned files removed", count=len(swept), first=swept[0])
    return False
