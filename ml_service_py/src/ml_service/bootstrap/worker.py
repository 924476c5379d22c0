"""The worker's composition root: settings → adapters → handlers → entrypoints, then work until a signal."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from logging import ERROR, INFO
from typing import TYPE_CHECKING

import structlog

from ml_service.adapters.broker import interaction_messages, job_messages
from ml_service.adapters.broker.events import JOB_EVENTS, BrokerEvents, BrokerJobCommands
from ml_service.adapters.broker.job_consumer import JobConsumer
from ml_service.adapters.broker.publisher import Publisher
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.adapters.broker.topology import read_retry_delays_ms
from ml_service.adapters.sql.database import require_migrated
from ml_service.adapters.sql.interaction_log import STREAM as INTERACTIONS
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.bootstrap.clients import open_clients
from ml_service.bootstrap.job_runner import open_job_runner
from ml_service.entrypoints.log import projector
from ml_service.entrypoints.ops.server import OpsAddress, build_probes_api, serve_ops
from ml_service.entrypoints.ops.worker_metrics import WorkerMetrics
from ml_service.entrypoints.process.runtime import Readiness, naming_port, retry_while_unavailable, started, stop_signal
from ml_service.entrypoints.worker.cancel_requests import CancelRequests
from ml_service.entrypoints.worker.first_commands import FirstCommands
from ml_service.entrypoints.worker.housekeeping import queue_lost_until, remove_expired_until
from ml_service.entrypoints.worker.job_supervisor import Supervisor
from ml_service.entrypoints.worker.lost_commands import LostCommands
from ml_service.entrypoints.worker.worker import Worker
from ml_service.handlers.jobs.service import JobService

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from fastapi import FastAPI

    from ml_service.adapters.broker.connection import BrokerThread
    from ml_service.bootstrap.clients import Clients
    from ml_service.config import Settings
    from ml_service.entrypoints.worker.job_process import JobRunner
    from ml_service.ports.messaging import JobEvent

log = structlog.get_logger()


class WorkerProcess:
    """All that lives as long as the worker, composed but not started, except the job process."""

    def __init__(self, settings: Settings, clients: Clients, open_runner: Callable[[], JobRunner]) -> None:
        self.settings, self.clients = settings, clients
        self.metrics = WorkerMetrics()
        self.publisher = Publisher(clients.broker, "worker publisher")
        events, commands = BrokerEvents(self.publisher), BrokerJobCommands(self.publisher)
        self.ledger = SqlJobLedger(clients.store.engine)
        retry_delays_ms = read_retry_delays_ms(settings.broker_definitions)
        self.jobs = JobService(self.ledger, events, commands, settings.worker_name, retry_delays_ms=retry_delays_ms)
        self.cancel_requests = CancelRequests(self.jobs.cancel_queued)
        self.first_commands = FirstCommands(commands)
        self.lost_commands = LostCommands(self.jobs)
        self.projector = projector.Projector(SqlInteractionLog(clients.store.engine), self.metrics)
        # Who follows which stream.
        self.readers = {INTERACTIONS: self._read_interactions(), JOB_EVENTS: self._read_job_events()}
        self.metrics.watch(self.readers)
        self.supervisor = Supervisor(open_runner, self.cancel_requests, settings.worker_job_deadline_seconds)
        self.worker = Worker(self.jobs, self.supervisor, self.first_commands.is_superseded, self.metrics)
        self.consumer = JobConsumer(clients.broker, self.worker.take)
        self.readiness = Readiness(self.conditions)

    @property
    def threads(self) -> Sequence[BrokerThread]:
        """The start order: the publisher first, the job consumer last. They stop in reverse."""
        return self.publisher, *self.readers.values(), self.consumer

    @property
    def conditions(self) -> Mapping[str, Callable[[], bool]]:
        """What readiness needs. The projector isn't a condition: of many workers only one has its lock."""
        return {
            "publisher": lambda: self.publisher.is_attached,
            "job events": lambda: self.readers[JOB_EVENTS].is_attached,
            "job consumer": lambda: self.consumer.is_attached,
            "job process": lambda: self.supervisor.is_warm,
        }

    @property
    def ops_api(self) -> FastAPI:
        return build_probes_api("Why Not Both: worker operations", self.readiness, self.metrics.render, self.readers)

    def _read_interactions(self) -> StreamReader:
        return StreamReader(
            self.clients.broker,
            INTERACTIONS,
            read_position=self.projector.read_position,
            on_messages=interaction_messages.decoding(self.projector.on_entries),
            on_restart=self.projector.on_restart,
            gather_seconds=projector.GATHER_SECONDS,
            batch_messages=projector.BATCH_MESSAGES,
            lock=interaction_messages.PROJECTOR_LOCK,
        )

    def _read_job_events(self) -> StreamReader:
        # The cancel requests come last, as they keep the position: it counts only once all three have the events.
        followers = (self.lost_commands, self.first_commands, self.cancel_requests)

        def on_events(events: Sequence[JobEvent]) -> None:
            for follower in followers:
                follower.on_events(events)

        def on_restart() -> None:
            for follower in followers:
                follower.on_restart()

        return StreamReader(
            self.clients.broker,
            JOB_EVENTS,
            read_position=self.cancel_requests.read_position,
            on_messages=job_messages.decoding(on_events),
            on_restart=on_restart,
        )


async def work(settings: Settings, open_runner: Callable[[Settings], JobRunner] = open_job_runner) -> int:
    """Run the worker until a signal; return the exit code. Release everything in reverse order."""
    stopping = stop_signal()
    log.info("starting", settings=settings.model_dump(mode="json"))
    async with AsyncExitStack() as stack:
        clients = stack.enter_context(open_clients(settings))
        await retry_while_unavailable(lambda: require_migrated(clients.store.engine), stopping)
        worker = WorkerProcess(settings, clients, partial(open_runner, settings))
        stack.callback(worker.supervisor.close)
        with naming_port("WORKER_OPS_PORT"):
            address = OpsAddress(settings.worker_host, settings.worker_ops_port, settings.ops_token, settings.ops_allowed_hosts)
            ops_port = await stack.enter_async_context(serve_ops(worker.ops_api, address, stopping))
        log.info("listening", ops_port=ops_port)
        for thread in worker.threads:
            await stack.enter_async_context(started(thread))
        worker.worker.start()
        # Both tasks end by themselves when the stop begins; each round is short.
        for name, task in _housekeeping(worker, stopping).items():
            await stack.enter_async_context(stopping.running(task, name, lambda: None))
        log.info("working", worker=settings.worker_name, ops_port=ops_port)
        await stopping.wait()
        still_open = await _stop_working(worker)
    has_failed = bool(still_open or stopping.dead)
    log.log(ERROR if has_failed else INFO, "stopped", still_open=still_open, dead=stopping.dead)
    return 1 if has_failed else 0


def _housekeeping(worker: WorkerProcess, stopping: asyncio.Event) -> dict[str, Coroutine[None, None, None]]:
    return {
        "expiry": remove_expired_until(stopping, worker.ledger, worker.clients.registry),
        "lost commands": queue_lost_until(stopping, worker.lost_commands),
    }


async def _stop_working(worker: WorkerProcess) -> list[str]:
    """Become not ready, take no more jobs, finish the running one within the grace. Return the parts that had to be left."""
    worker.readiness.is_draining = True
    worker.consumer.pause()
    is_done = await asyncio.to_thread(worker.worker.stop, worker.settings.worker_grace_seconds)
    return [] if is_done else ["worker"]
