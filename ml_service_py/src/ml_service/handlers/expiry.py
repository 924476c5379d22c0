"""Removes jobs and their files when their time is over, and the remains of writers that died. Workers call it every hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from ml_service.handlers.jobs import JOB_WINDOW

if TYPE_CHECKING:
    from ml_service.ports.storage import JobLedger, Registry

log = structlog.get_logger()

#: Jobs removed in one call: a second or two, which a worker that stops can wait for.
EXPIRED_AT_ONCE = 500
#: A version is written within minutes, so nobody writes to files any more that stayed as they are for so long.
REMAINS_AFTER = timedelta(days=1)


def remove_expired(ledger: JobLedger, registry: Registry) -> bool:
    """Remove some at a time; return whether there may be more. Raise Unavailable while store or registry can't be reached."""
    now = datetime.now(UTC)
    # Longer than a job and then its dead letter wait in the broker, no message of a job is left.
    ended_before, abandoned_before = now - JOB_WINDOW, now - 2 * JOB_WINDOW
    expired = ledger.list_expired(ended_before, abandoned_before, EXPIRED_AT_ONCE)
    for job_id in expired:
        # The files first: a file without its job would stay until the sweep.
        registry.remove_results(job_id)
        ledger.forget(job_id, ended_before, abandoned_before)
    if len(expired) == EXPIRED_AT_ONCE:
        return True
    # Once all expired jobs are gone: it lists the whole registry. Files that are older still belong to no job that the ledger has.
    swept = registry.sweep(remains_before=now - REMAINS_AFTER, results_before=abandoned_before)
    if swept:
        log.info("remains swept", count=len(swept), first=swept[0])
    return False
