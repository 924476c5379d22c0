"""The worker's process: settings → parts that run until a signal, and stop in reverse."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from logging import ERROR, INFO
from typing import TYPE_CHECKING

import structlog
from fastapi_offline import FastAPIOffline

from ml_service.adapters.broker.job_consumer import JobConsumer
from ml_service.adapters.broker.publisher import Publisher
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.adapters.broker.topology import read_retry_delays_ms
from ml_service.adapters.sql.database import require_migrated
from ml_service.adapters.sql.interaction_log import STREAM, InteractionLog
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.bootstrap.clients import open_parts
from ml_service.entrypoints.log import projector
from ml_service.entrypoints.ops.problem import install_problems
from ml_service.entrypoints.ops.server import OpsAddress, probes, serve_ops
from ml_service.entrypoints.ops.worker_metrics import WorkerMetrics
from ml_service.entrypoints.process.runtime import Readiness, naming_port, retry_while_unavailable, stop_signal
from ml_service.entrypoints.worker import cancel_requests
from ml_service.entrypoints.worker.first_commands import FirstCommands
from ml_service.entrypoints.worker.housekeeping import queue_lost_until, remove_expired_until
from ml_service.entrypoints.worker.job_opening import open_job_runner
from ml_service.entrypoints.worker.job_supervisor import Supervisor
from ml_service.entrypoints.worker.lost_commands import LostCommands
from ml_service.entrypoints.worker.worker import Worker
from ml_service.handlers.jobs import JobBook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from fastapi import FastAPI

    from ml_service.adapters.broker.connection import BrokerAddress, BrokerThread
    from ml_service.adapters.broker.envelope import ReceivedMessage
    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.bootstrap.clients import Parts
    from ml_service.config import Settings
    from ml_service.entrypoints.process.runtime import Stopping
    from ml_service.entrypoints.worker.job_process import JobRunner

log = structlog.get_logger()


class WorkerParts:
    """Everything that lives as long as the worker, wired but not started."""

    def __init__(self, settings: Settings, parts: Parts, open_runner: Callable[[], JobRunner]) -> None:
        address, engine = parts.broker, parts.store.engine
        self.metrics = WorkerMetrics()
        self.publisher = Publisher(address, "worker publisher")
        self.ledger = SqlJobLedger(engine)
        self.book = JobBook(self.ledger, self.publisher, settings.worker_name)
        requests = cancel_requests.CancelRequests(self.book.cancel_queued)
        commands = FirstCommands(self.publisher)
        self.supervisor = Supervisor(open_runner, requests, settings.worker_job_deadline_seconds)
        retry_delays_ms = read_retry_delays_ms(settings.broker_definitions)
        self.worker = Worker(self.book, self.supervisor, commands.is_superseded, retry_delays_ms, self.metrics)
        self.consumer = JobConsumer(address, self.worker.take)
        self.lost = LostCommands(self.book)
        self.job_events = _read_job_events(address, requests, commands, self.lost)
        self.projector = _read_interactions(address, projector.Projector(InteractionLog(engine), self.metrics))
        self.readers = {STREAM: self.projector, cancel_requests.STREAM: self.job_events}
        self.metrics.watch(self.readers)

    @property
    def threads(self) -> Sequence[BrokerThread]:
        """In the order to start them: what is told of comes before what tells."""
        return self.publisher, self.projector, self.job_events, self.consumer

    @property
    def conditions(self) -> Mapping[str, Callable[[], bool]]:
        """What it needs to work on jobs. The projector is no condition: of many workers only one has it."""
        return {
            "publisher": lambda: self.publisher.is_attached,
            "job events": lambda: self.job_events.is_attached,
            "job consumer": lambda: self.consumer.is_attached,
            "job process": lambda: self.supervisor.is_warm,
        }


class WorkerReadiness(Readiness):
    """Asks the parts each time: a broker may go and come."""

    def __init__(self, conditions: Mapping[str, Callable[[], bool]]) -> None:
        super().__init__()
        self._conditions = conditions

    @property
    def is_ready(self) -> bool:
        return not self.missing

    @property
    def missing(self) -> list[str]:
        return [*(name for name, is_met in self._conditions.items() if not is_met()), *super().missing]


async def work(settings: Settings, open_runner: Callable[[Settings], JobRunner] = open_job_runner) -> int:
    """Runs the worker until a signal; gives the process's exit code."""
    stopping = stop_signal()
    async with AsyncExitStack() as stack:
        parts = stack.enter_context(open_parts(settings))
        await retry_while_unavailable(lambda: require_migrated(parts.store.engine), stopping)
        worker = WorkerParts(settings, parts, partial(open_runner, settings))
        stack.callback(worker.supervisor.close)
        readiness = WorkerReadiness(worker.conditions)
        with naming_port("WORKER_OPS_PORT"):
            address = OpsAddress(settings.worker_host, settings.worker_ops_port, settings.ops_token, settings.ops_allowed_hosts)
            port = await stack.enter_async_context(serve_ops(_ops_api(worker, readiness), address, stopping))
        for thread in worker.threads:
            thread.start()
            stack.push_async_callback(asyncio.to_thread, thread.stop)
        worker.worker.start()
        log.info("working", worker=settings.worker_name, ops_port=port)
        async with _keeping_house(stopping, worker, parts.registry):
            await stopping.wait()
            readiness.is_draining = True
            worker.consumer.pause()
        is_done = await asyncio.to_thread(worker.worker.stop, settings.worker_grace_seconds)
    has_failed = bool(stopping.dead or not is_done)
    log.log(ERROR if has_failed else INFO, "stopped", still_open=[] if is_done else ["worker"], dead=stopping.dead)
    return 1 if has_failed else 0


@asynccontextmanager
async def _keeping_house(stopping: Stopping, worker: WorkerParts, registry: FileRegistry) -> AsyncIterator[None]:
    """Each round is short, so a worker that stops waits for it."""
    expiry = stopping.running(remove_expired_until(stopping, worker.ledger, registry), "expiry", lambda: None)
    async with expiry, stopping.running(queue_lost_until(stopping, worker.lost), "lost commands", lambda: None):
        yield


def _read_job_events(
    address: BrokerAddress, requests: cancel_requests.CancelRequests, commands: FirstCommands, lost: LostCommands
) -> StreamReader:
    def on_messages(messages: Sequence[ReceivedMessage]) -> None:
        lost.on_messages(messages)
        commands.on_messages(messages)
        requests.on_messages(messages)

    def on_restart() -> None:
        lost.on_restart()
        commands.on_restart()
        requests.on_restart()

    return StreamReader(
        address,
        cancel_requests.STREAM,
        read_position=requests.read_position,
        on_messages=on_messages,
        on_restart=on_restart,
    )


def _read_interactions(address: BrokerAddress, projection: projector.Projector) -> StreamReader:
    return StreamReader(
        address,
        STREAM,
        read_position=projection.read_position,
        on_messages=projection.on_messages,
        on_restart=projection.on_restart,
        gather_seconds=projector.GATHER_SECONDS,
        batch_messages=projector.BATCH_MESSAGES,
        lock=projector.LOCK,
    )


def _ops_api(parts: WorkerParts, readiness: Readiness) -> FastAPI:
    app = FastAPIOffline(title="Why Not Both: worker operations", description="Internal. The public API is the gateway's.", redoc_url=None)
    install_problems(app)
    app.include_router(probes(readiness, parts.metrics.render, parts.readers))
    return app
