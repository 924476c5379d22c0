"""The recommender's composition root: settings → adapters → handlers → entrypoints, then serve until a signal."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from logging import ERROR, INFO
from typing import TYPE_CHECKING

import structlog

from ml_service.adapters.broker.dead_letters import BrokerDeadLetterQueue
from ml_service.adapters.broker.events import BrokerEvents, BrokerJobCommands
from ml_service.adapters.broker.hint_listener import HintListener
from ml_service.adapters.broker.interaction_messages import decoding
from ml_service.adapters.broker.publisher import Publisher
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.adapters.sql.database import require_migrated
from ml_service.adapters.sql.interaction_log import STREAM as INTERACTIONS
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.bootstrap.clients import open_clients
from ml_service.bootstrap.decisions import open_decisions
from ml_service.entrypoints.grpc.decision_servicer import DecisionServicer
from ml_service.entrypoints.grpc.server import GrpcServer, Servicers
from ml_service.entrypoints.grpc.servicers import JobServicer, ModelServicer, RecommenderServicer
from ml_service.entrypoints.log.log_follower import LogFollower
from ml_service.entrypoints.log.model_follower import ModelFollower
from ml_service.entrypoints.ops.api import build_ops_api
from ml_service.entrypoints.ops.metrics import Metrics
from ml_service.entrypoints.ops.server import OpsAddress, serve_ops
from ml_service.entrypoints.process.runtime import Readiness, naming_port, retry_while_unavailable, started, stop_signal
from ml_service.errors import ServiceError
from ml_service.handlers.dead_letters import DeadLetters
from ml_service.handlers.deadline import StoreWithDeadline
from ml_service.handlers.histories import RECENT_IDS
from ml_service.handlers.live_state import LiveState
from ml_service.handlers.models import Models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fastapi import FastAPI

    from ml_service.adapters.broker.connection import BrokerThread
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.bootstrap.clients import Clients
    from ml_service.config import Settings
    from ml_service.domain import Item
    from ml_service.ports.storage import StoredHistories

log = structlog.get_logger()

#: Scoring releases the interpreter's lock for most of its time, so two batches can run at once.
SCORING_THREADS = 2
#: Searching holds the interpreter's lock: a second thread would gain nothing and take time from the event loop.
SEARCH_THREADS = 1
#: Fewer than the store's connections: model versions and dead letters need some too.
STORE_THREADS = 6
#: Decisions wait for each other, so that they never take more than one processor from the recommendations.
DECISION_THREADS = 1


class RecommenderProcess:
    """All that lives as long as the recommender, composed but not started. Create it on the event loop."""

    def __init__(self, settings: Settings, clients: Clients, live: LiveState) -> None:
        self.settings, self.clients, self.live = settings, clients, live
        self.metrics = Metrics(live)
        self.scoring = ThreadPoolExecutor(SCORING_THREADS, "scoring")
        self.searching = ThreadPoolExecutor(SEARCH_THREADS, "searching")
        self.querying = ThreadPoolExecutor(STORE_THREADS, "store")
        self.deciding = ThreadPoolExecutor(DECISION_THREADS, "deciding")
        self.publisher = Publisher(clients.broker, "recommender publisher")
        events, commands = BrokerEvents(self.publisher), BrokerJobCommands(self.publisher)
        self.models = Models(live, clients.store, clients.registry, events.model_promoted)
        self.model_follower = ModelFollower(live, self.models, settings.recommender_model_poll_seconds, self._on_model_loaded)
        self.hint_listener = HintListener(clients.broker, self.model_follower.hint)
        # Who follows which stream.
        self.readers = {INTERACTIONS: self._read_interactions()}
        self.metrics.watch(self.readers)
        dead_letters = DeadLetters(BrokerDeadLetterQueue(clients.broker), SqlJobLedger(clients.store.engine), events, commands)
        store = StoreWithDeadline(clients.store, self.querying)
        servicers = Servicers(
            RecommenderServicer(live, store, self.scoring, self.searching, self.metrics),
            ModelServicer(self.models),
            JobServicer(clients.registry, dead_letters),
            DecisionServicer(open_decisions(settings), self.deciding),
        )
        self.server = GrpcServer(servicers, self.metrics, settings.recommender_connection_age_seconds)
        self.readiness = Readiness(self.conditions)

    @property
    def executors(self) -> Sequence[ThreadPoolExecutor]:
        return self.scoring, self.searching, self.querying, self.deciding

    @property
    def threads(self) -> Sequence[BrokerThread]:
        """The start order; they stop in reverse. The broker may be away: each attaches when it comes."""
        return self.publisher, *self.readers.values(), self.hint_listener

    @property
    def conditions(self) -> Mapping[str, Callable[[], bool]]:
        """What readiness needs. The log isn't a condition: without it, the last known histories still give answers."""
        return {"model": lambda: self.server.is_serving}

    @property
    def ops_api(self) -> FastAPI:
        return build_ops_api(self.live, self.models, self.metrics, self.readiness, self.readers)

    def _read_interactions(self) -> StreamReader:
        follower = LogFollower(self.live, self.metrics, lambda: self.clients.store.load_histories(RECENT_IDS))
        return StreamReader(
            self.clients.broker,
            INTERACTIONS,
            read_position=lambda: self.live.position,
            on_messages=decoding(follower.on_entries),
            on_restart=follower.on_restart,
        )

    async def _on_model_loaded(self) -> None:
        await self.server.set_serving(is_serving=True)
        log.info("ready", version=self.live.model.version.version, users=len(self.live.user_ids), items=len(self.live.items))


async def serve(settings: Settings) -> int:
    """Run the recommender until a signal; return the exit code. Release everything in reverse order."""
    stopping = stop_signal()
    log.info("starting", settings=settings.model_dump(mode="json"))
    async with AsyncExitStack() as stack:
        clients = stack.enter_context(open_clients(settings))
        live = LiveState(*await retry_while_unavailable(lambda: _load(clients.store), stopping))
        recommender = RecommenderProcess(settings, clients, live)
        for executor in recommender.executors:
            stack.enter_context(executor)
        await _load_model(recommender.models, live)
        with naming_port("RECOMMENDER_OPS_PORT"):
            address = OpsAddress(settings.recommender_host, settings.recommender_ops_port, settings.ops_token, settings.ops_allowed_hosts)
            ops_port = await stack.enter_async_context(serve_ops(recommender.ops_api, address, stopping))
        with naming_port("RECOMMENDER_GRPC_PORT"):
            grpc_port = await recommender.server.start(settings.recommender_host, settings.recommender_grpc_port, clients.certificates)
        log.info("listening", grpc_port=grpc_port, ops_port=ops_port)
        for thread in recommender.threads:
            await stack.enter_async_context(started(thread))
        await stack.enter_async_context(stopping.running(recommender.model_follower.run(), "model follower"))
        await stopping.wait()
        still_open = await _stop_serving(recommender)
    has_failed = bool(still_open or stopping.dead)
    log.log(ERROR if has_failed else INFO, "stopped", still_open=still_open, dead=stopping.dead)
    return 1 if has_failed else 0


def _load(store: SqlStore) -> tuple[tuple[Item, ...], StoredHistories]:
    require_migrated(store.engine)
    return store.load_catalogue(), store.load_histories(RECENT_IDS)


async def _load_model(models: Models, live: LiveState) -> None:
    """Load the model before the port opens, as gateways call at once. If it can't be loaded, the model follower tries again."""
    with suppress(ServiceError):
        if await models.follow():
            log.info("model version live", version=live.model.version.version)


async def _stop_serving(recommender: RecommenderProcess) -> list[str]:
    """Become not ready, wait for the drain delay, reject new calls, finish those in flight. Return the calls that had to be ended."""
    recommender.readiness.is_draining = True
    await recommender.server.drain()
    await asyncio.sleep(recommender.settings.recommender_drain_seconds)
    return await recommender.server.stop(recommender.settings.recommender_grace_seconds)
