"""A store that takes questions and answers none holds up nobody who needs no store."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from frozen_store import FrozenStore
from grpc_driver import GrpcDriver, driving, failure_of

from ml_service.handlers.deadline import StoreWithDeadline
from whynotboth.v1.jobs_pb2 import ReadResultRequest
from whynotboth.v1.recommender_pb2 import ListInteractionsRequest, ListModelsRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.entrypoints.grpc.server import GrpcServer

#: More than there are threads for anything.
QUESTIONS = 40


@pytest.fixture
def questions(store: SqlStore) -> Iterator[StoreWithDeadline]:
    frozen = FrozenStore(store)
    with ThreadPoolExecutor(2) as threads:
        yield StoreWithDeadline(frozen, threads)
        frozen.thawed.set()


@pytest.fixture
async def driver(server: GrpcServer) -> AsyncIterator[GrpcDriver]:
    async with driving(server) as driver:
        yield driver


async def test_model_versions_and_files_are_served_while_history_pages_wait_for_the_store(
    driver: GrpcDriver, registry: FileRegistry
) -> None:
    registry.save_result("job-1", 1, "table.csv", "text/csv", [b"a"])
    pages = [
        failure_of(driver.recommender.ListInteractions(ListInteractionsRequest(user_id="even", page_size=1))) for _ in range(QUESTIONS)
    ]
    refused = await asyncio.gather(*pages)

    models = await driver.models.ListModels(ListModelsRequest(page_size=1), timeout=10)
    parts = [part async for part in driver.jobs.ReadResult(ReadResultRequest(job_id="job-1"), timeout=10)]

    assert {failure.reason for failure in refused} == {"STORE_UNAVAILABLE"}
    assert (len(models.models), len(parts)) == (0, 2)
