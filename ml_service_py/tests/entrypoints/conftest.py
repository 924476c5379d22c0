"""A gRPC server on sample data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import FakeDeadLetters

from ml_service.adapters.decisions.criteria import read_criteria
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.entrypoints.grpc.decision_servicer import DecisionServicer
from ml_service.entrypoints.grpc.server import GrpcServer, Servicers
from ml_service.entrypoints.grpc.servicers import JobServicer, ModelServicer, RecommenderServicer
from ml_service.entrypoints.ops.metrics import Metrics
from ml_service.handlers.decisions import Decisions
from ml_service.handlers.models import Models

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.handlers.deadline import StoreWithDeadline
    from ml_service.handlers.live_state import LiveState


@pytest.fixture(autouse=True)
def dead_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses everything: who asks one of our own parts through it gets no answer."""
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")


@pytest.fixture
def metrics(live: LiveState) -> Metrics:
    return Metrics(live)


@pytest.fixture
def models(live: LiveState, store: SqlStore, registry: FileRegistry) -> Models:
    return Models(live, store, registry, announce=lambda _version: None)


@pytest.fixture
def service(live: LiveState, questions: StoreWithDeadline, executor: ThreadPoolExecutor, metrics: Metrics) -> RecommenderServicer:
    return RecommenderServicer(live, questions, executor, executor, metrics)


@pytest.fixture
def dead_letters(store: SqlStore) -> FakeDeadLetters:
    return FakeDeadLetters(SqlJobLedger(store.engine))


@pytest.fixture
def decisions(executor: ThreadPoolExecutor) -> DecisionServicer:
    """A decision tool without a figure of the lab."""
    return DecisionServicer(Decisions(read_criteria(), dict), executor)


@pytest.fixture
def jobs(registry: FileRegistry, dead_letters: FakeDeadLetters) -> JobServicer:
    return JobServicer(registry, dead_letters.handlers)


@pytest.fixture
async def server(
    service: RecommenderServicer, models: Models, jobs: JobServicer, decisions: DecisionServicer, metrics: Metrics
) -> GrpcServer:
    return GrpcServer(Servicers(service, ModelServicer(models), jobs, decisions), metrics, connection_age_seconds=60)
