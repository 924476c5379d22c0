"""A gRPC server on sample data."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from ml_service.entrypoints.grpc_server import GrpcServer
from ml_service.entrypoints.grpc_services import JobService, ModelService, RecommenderService
from ml_service.entrypoints.metrics import Metrics
from ml_service.handlers.models import Models

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ml_service.adapters.registry import Registry
    from ml_service.adapters.store import Store
    from ml_service.handlers.live_state import LiveState


@pytest.fixture
def metrics(live: LiveState) -> Metrics:
    return Metrics(live)


@pytest.fixture
def models(live: LiveState, store: Store, registry: Registry) -> Models:
    return Models(live, store, registry, announce=lambda _version: None)


@pytest.fixture
async def server(live: LiveState, store: Store, registry: Registry, models: Models, metrics: Metrics) -> AsyncIterator[GrpcServer]:
    with ThreadPoolExecutor(1) as executor:
        service = RecommenderService(live, store, executor, metrics)
        yield GrpcServer(service, ModelService(models), JobService(registry), metrics, connection_age_seconds=60)
