"""The worker's periodic tasks: remove expired jobs and files, and queue lost commands again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from ml_service.entrypoints.process.runtime import wait_until
from ml_service.errors import Unavailable
from ml_service.handlers.jobs.expiry import remove_expired

if TYPE_CHECKING:
    from ml_service.entrypoints.worker.lost_commands import LostCommands
    from ml_service.ports.job_ledger import JobLedger
    from ml_service.ports.storage import Registry

log = structlog.get_logger()

EXPIRY_SECONDS = 3600.0
#: The pause between two parts of a long removal, so that others can use the store.
MORE_SECONDS = 1.0
LOST_SECONDS = 60.0


async def remove_expired_until(stopping: asyncio.Event, ledger: JobLedger, registry: Registry) -> None:
    is_stopped = False
    while not is_stopped:
        is_more = False
        try:
            is_more = await asyncio.to_thread(remove_expired, ledger, registry)
        except Unavailable as error:
            log.warning("expired jobs and files not removed", reason=error.reason, detail=error.detail)
        is_stopped = await wait_until(stopping, MORE_SECONDS if is_more else EXPIRY_SECONDS)


async def queue_lost_until(stopping: asyncio.Event, commands: LostCommands) -> None:
    while not await wait_until(stopping, LOST_SECONDS):
        try:
            await asyncio.to_thread(commands.queue_again, datetime.now(UTC))
        except Unavailable as error:
            log.warning("lost commands not queued again", reason=error.reason, detail=error.detail)
