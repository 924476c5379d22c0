"""The limits of the gRPC server: larger requests, more calls or more transfers are rejected."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from grpc_driver import GrpcDriver, driving, failure_of
from waiting import eventually

from ml_service.entrypoints.grpc.server import CALLS_MAX, REQUEST_BYTES_MAX
from ml_service.entrypoints.grpc.servicers import TRANSFERS_MAX
from whynotboth.v1.jobs_pb2 import ReadResultRequest
from whynotboth.v1.recommender_pb2 import BatchRecommendRequest, GetItemRequest, ListItemsRequest, RecommendRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.entrypoints.grpc.server import GrpcServer

#: More than the windows of a connection hold, so that a transfer nobody reads stays open.
LARGE = 16 * 1024 * 1024


@pytest.fixture
async def driver(server: GrpcServer) -> AsyncIterator[GrpcDriver]:
    async with driving(server) as driver:
        yield driver


async def test_a_request_above_one_mebibyte_is_rejected(driver: GrpcDriver) -> None:
    failure = await failure_of(driver.recommender.GetItem(GetItemRequest(item_id="x" * REQUEST_BYTES_MAX)))

    assert failure.status == "RESOURCE_EXHAUSTED"
    assert "larger than max" in failure.detail


async def test_a_full_batch_of_the_longest_ids_is_accepted(driver: GrpcDriver) -> None:
    requests = [RecommendRequest(user_id="\N{GRINNING FACE}" * 200, limit=1)] * 256

    assert len((await driver.recommender.BatchRecommend(BatchRecommendRequest(requests=requests))).results) == len(requests)


async def test_calls_above_the_concurrency_limit_are_rejected(driver: GrpcDriver, server: GrpcServer) -> None:
    waiting = [
        driver.recommender.Recommend(RecommendRequest(user_id="even", limit=1, min_interaction_offset=9), timeout=20)
        for _ in range(CALLS_MAX)
    ]
    await eventually(lambda: len(server._calls.methods) == CALLS_MAX)

    failure = await failure_of(driver.recommender.GetItem(GetItemRequest(item_id="i0")))

    assert failure.status == "RESOURCE_EXHAUSTED"
    for call in waiting:
        call.cancel()
    await eventually(lambda: server._calls.methods == [])
    assert (await driver.recommender.GetItem(GetItemRequest(item_id="i0"))).item.item_id == "i0"


async def begin(driver: GrpcDriver) -> grpc.aio.UnaryStreamCall[ReadResultRequest, object]:
    """Open a transfer, and read only its header."""
    transfer = driver.jobs.ReadResult(ReadResultRequest(job_id="job-1"), timeout=20)
    await transfer.read()
    return transfer


async def test_stalled_readers_of_files_do_not_block_other_calls(driver: GrpcDriver, server: GrpcServer, registry: FileRegistry) -> None:
    registry.save_result("job-1", 1, "table.csv", "text/csv", [b"a" * LARGE])
    stalled = [await begin(driver) for _ in range(TRANSFERS_MAX)]

    failure = await failure_of(driver.jobs.ReadResult(ReadResultRequest(job_id="job-1")).read())

    assert (failure.status, failure.reason) == ("RESOURCE_EXHAUSTED", "RECOMMENDER_OVERLOADED")
    assert (await driver.recommender.GetItem(GetItemRequest(item_id="i0"))).item.item_id == "i0"
    for transfer in stalled:
        transfer.cancel()
    await eventually(lambda: server._calls.methods == [])
    (await begin(driver)).cancel()


async def test_a_deeply_nested_page_token_is_rejected(driver: GrpcDriver) -> None:
    token = base64.urlsafe_b64encode(b"[" * 100_000 + b"]" * 100_000).decode()

    failure = await failure_of(driver.recommender.ListItems(ListItemsRequest(page_size=1, page_token=token)))

    assert (failure.status, failure.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")
