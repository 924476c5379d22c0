"""The recommender's composition root: settings → parts → a process that serves until it is told to stop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from logging import ERROR, INFO
from typing import TYPE_CHECKING, TypeVar

import structlog

from ml_service.adapters.broker.connection import BrokerThread
from ml_service.adapters.broker.dead_letters import DeadLetterQueue
from ml_service.adapters.broker.hint_listener import HintListener
from ml_service.adapters.broker.model_messages import model_promoted
from ml_service.adapters.broker.publisher import Publisher
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.adapters.sql.database import require_migrated
from ml_service.adapters.sql.interaction_log import STREAM
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.bootstrap.clients import open_parts
from ml_service.entrypoints.grpc.server import GrpcServer
from ml_service.entrypoints.grpc.services import JobService, ModelService, RecommenderService
from ml_service.entrypoints.log.log_follower import LogFollower
from ml_service.entrypoints.log.model_follower import ModelFollower
from ml_service.entrypoints.ops.api import build_ops_api
from ml_service.entrypoints.ops.metrics import Metrics
from ml_service.entrypoints.ops.server import OpsAddress, serve_ops
from ml_service.entrypoints.process.runtime import Readiness, Stopping, naming_port, retry_while_unavailable, stop_signal
from ml_service.errors import ServiceError, Unavailable
from ml_service.handlers.dead_letters import DeadLetters
from ml_service.handlers.live_state import LiveState
from ml_service.handlers.models import Models
from ml_service.handlers.patience import StoreQuestions
from ml_service.handlers.recent_ids import RECENT_IDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ml_service.adapters.sql.store import SqlStore
    from ml_service.bootstrap.clients import Parts
    from ml_service.config import Settings
    from ml_service.domain import Item
    from ml_service.ports.storage import StoredHistories

Thread = TypeVar("Thread", bound=BrokerThread)

log = structlog.get_logger()

#: Scoring leaves the interpreter's lock for most of its time, so a second batch needn't wait for the first.
SCORING_THREADS = 2
#: Searching holds the interpreter's lock: a second thread would take time from the event loop, and gain none.
SEARCH_THREADS = 1
#: Fewer than the store's connections, of which model versions and dead letters need some.
STORE_THREADS = 6
#: A hint is worth no longer wait: the other replicas look by themselves.
HINT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Recommender:
    """The parts of one recommender process."""

    settings: Settings
    parts: Parts
    live: LiveState
    models: Models
    metrics: Metrics
    reader: StreamReader
    readiness: Readiness
    server: GrpcServer


async def serve(settings: Settings) -> int:
    """Runs the recommender until a signal; gives the process's exit code. Releases in reverse what it opened."""
    stopping = stop_signal()
    log.info("starting", settings=settings.model_dump(mode="json"))
    async with AsyncExitStack() as stack:
        parts = stack.enter_context(open_parts(settings))
        live = LiveState(*await retry_while_unavailable(lambda: _load(parts.store), stopping))
        recommender = await _build_recommender(settings, parts, live, stack)
        await _load_model(recommender)
        await _listen(recommender, stack, stopping)
        await stack.enter_async_context(_following(recommender, stopping))
        await stopping.wait()
        still_open = await _stop_serving(recommender)
    has_failed = bool(still_open or stopping.dead)
    log.log(ERROR if has_failed else INFO, "stopped", still_open=still_open, dead=stopping.dead)
    return 1 if has_failed else 0


def _load(store: SqlStore) -> tuple[tuple[Item, ...], StoredHistories]:
    require_migrated(store.engine)
    return store.load_catalogue(), store.load_histories(RECENT_IDS)


async def _build_recommender(settings: Settings, parts: Parts, live: LiveState, stack: AsyncExitStack) -> Recommender:
    publisher = await stack.enter_async_context(_running(Publisher(parts.broker, "recommender publisher")))
    scoring = stack.enter_context(ThreadPoolExecutor(SCORING_THREADS, "scoring"))
    metrics = Metrics(live)
    models = Models(live, parts.store, parts.registry, lambda version: _announce(publisher, version))
    store_threads = stack.enter_context(ThreadPoolExecutor(STORE_THREADS, "store"))
    searching = stack.enter_context(ThreadPoolExecutor(SEARCH_THREADS, "searching"))
    service = RecommenderService(live, StoreQuestions(parts.store, store_threads), scoring, searching, metrics)
    dead_letters = DeadLetters(DeadLetterQueue(parts.broker), SqlJobLedger(parts.store.engine), publisher)
    age_seconds = settings.recommender_connection_age_seconds
    server = GrpcServer(service, ModelService(models), JobService(parts.registry, dead_letters), metrics, age_seconds)
    return Recommender(settings, parts, live, models, metrics, _read_interactions(parts, live, metrics), Readiness("model"), server)


def _read_interactions(parts: Parts, live: LiveState, metrics: Metrics) -> StreamReader:
    follower = LogFollower(live, metrics, lambda: parts.store.load_histories(RECENT_IDS))
    reader = StreamReader(
        parts.broker,
        STREAM,
        read_position=lambda: live.position,
        on_messages=follower.on_messages,
        on_restart=follower.on_restart,
    )
    metrics.watch({STREAM: reader})
    return reader


async def _load_model(recommender: Recommender) -> None:
    """Who listens gets a share of the calls at once, so the model comes first. Where none can be loaded the follower looks again."""
    with suppress(ServiceError):
        if await recommender.models.follow():
            log.info("model version live", version=recommender.live.model.version.version)


async def _listen(recommender: Recommender, stack: AsyncExitStack, stopping: Stopping) -> None:
    settings = recommender.settings
    readers = {STREAM: recommender.reader}
    ops_api = build_ops_api(recommender.live, recommender.models, recommender.metrics, recommender.readiness, readers)
    with naming_port("RECOMMENDER_OPS_PORT"):
        address = OpsAddress(settings.recommender_host, settings.recommender_ops_port, settings.ops_token, settings.ops_allowed_hosts)
        ops_port = await stack.enter_async_context(serve_ops(ops_api, address, stopping))
    with naming_port("RECOMMENDER_GRPC_PORT"):
        certificates = recommender.parts.certificates
        grpc_port = await recommender.server.start(settings.recommender_host, settings.recommender_grpc_port, certificates)
    log.info("listening", grpc_port=grpc_port, ops_port=ops_port)


@asynccontextmanager
async def _following(recommender: Recommender, stopping: Stopping) -> AsyncIterator[None]:
    """Keeps histories and model up to date. The broker may be away: the threads attach when it comes."""

    live = recommender.live

    async def on_loaded() -> None:
        recommender.readiness.meet("model")
        await recommender.server.set_serving(is_serving=True)
        log.info("ready", version=live.model.version.version, users=len(live.user_ids), items=len(live.items))

    broker = recommender.parts.broker
    model_follower = ModelFollower(live, recommender.models, recommender.settings.recommender_model_poll_seconds, on_loaded)
    following = stopping.running(model_follower.run(), "model follower")
    async with _running(recommender.reader), _running(HintListener(broker, model_follower.hint)), following:
        yield


async def _stop_serving(recommender: Recommender) -> list[str]:
    """Not ready, drain, refuse, finish; gives the calls that had to be ended."""
    recommender.readiness.is_draining = True
    await recommender.server.drain()
    await asyncio.sleep(recommender.settings.recommender_drain_seconds)
    return await recommender.server.stop(recommender.settings.recommender_grace_seconds)


@asynccontextmanager
async def _running(thread: Thread) -> AsyncIterator[Thread]:
    thread.start()
    try:
        yield thread
    finally:
        # The thread may be waiting for this event loop.
        await asyncio.to_thread(thread.stop)


def _announce(publisher: Publisher, version: str) -> None:
    try:
        publisher.publish(model_promoted(version), HINT_SECONDS)
    except Unavailable as error:
        log.warning("hint not published", version=version, reason=error.reason, detail=error.detail)
