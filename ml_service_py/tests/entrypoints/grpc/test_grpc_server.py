"""The contract over real gRPC: what is answered, what a failure looks like, and how the server stops."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest
import sample
from grpc_driver import HOST, Failure, GrpcDriver, driving, failure_of
from waiting import eventually

from ml_service.handlers import catalogue, recommendations
from whynotboth.v1.jobs_pb2 import ReadResultRequest
from whynotboth.v1.recommender_pb2 import (
    RECOMMENDATION_SOURCE_FALLBACK,
    BatchRecommendRequest,
    GetItemRequest,
    GetModelRequest,
    ListGenresRequest,
    ListInteractionsRequest,
    ListItemsRequest,
    ListModelsRequest,
    ListSimilarItemsRequest,
    ListUsersRequest,
    PromoteModelRequest,
    RecommendRequest,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from concurrent.futures import ThreadPoolExecutor

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.entrypoints.grpc.server import GrpcServer
    from ml_service.entrypoints.ops.metrics import Metrics
    from ml_service.handlers.live_state import LiveState


@pytest.fixture
async def driver(server: GrpcServer) -> AsyncIterator[GrpcDriver]:
    async with driving(server) as driver:
        yield driver


async def test_a_recommendation_has_items_reasons_and_the_model_version(driver: GrpcDriver) -> None:
    answer = await driver.recommender.Recommend(RecommendRequest(user_id="even", limit=1))

    (recommended,) = answer.items
    assert (recommended.item.item_id, recommended.item.year, list(recommended.item.genres)) == ("i4", 1994, ["Drama"])
    assert [(reason.item_id, reason.title) for reason in recommended.why] == [("i0", "Film 0"), ("i2", "Film 2")]
    assert answer.model_version == sample.loaded_model().version.version
    assert not answer.HasField("as_of_offset")


async def test_one_invalid_request_does_not_fail_the_batch(driver: GrpcDriver) -> None:
    requests = [
        RecommendRequest(user_id="even", limit=1),
        RecommendRequest(user_id="even", limit=101),
        RecommendRequest(user_id="x", limit=1),
    ]

    answer = await driver.recommender.BatchRecommend(BatchRecommendRequest(requests=requests))

    good, bad, unknown = answer.results
    assert list(good.ranked.places) == [4]
    assert bad.error.detail == "limit is 101; it must be from 1 to 100."
    assert unknown.ranked.source == RECOMMENDATION_SOURCE_FALLBACK
    assert answer.scoring_ms > 0


async def test_callers_without_the_catalogue_receive_it(driver: GrpcDriver) -> None:
    requests = [RecommendRequest(user_id="even", limit=1)]

    first = await driver.recommender.BatchRecommend(BatchRecommendRequest(requests=requests))
    knows_it = BatchRecommendRequest(requests=requests, known_catalogue_ids=[first.catalogue_id])
    second = await driver.recommender.BatchRecommend(knows_it)

    assert [item.item_id for item in first.catalogue] == [item.item_id for item in sample.ITEMS]
    assert (second.catalogue_id, list(second.catalogue)) == (first.catalogue_id, [])


async def test_an_offset_is_waited_for_within_the_deadline(driver: GrpcDriver, live: LiveState) -> None:
    waiting = driver.recommender.Recommend(RecommendRequest(user_id="even", limit=1, min_interaction_offset=0), timeout=10)
    await live.apply([sample.logged(0, sample.interaction("even", "i4"))])

    answer = await waiting

    assert (answer.items[0].item.item_id, answer.as_of_offset) == ("i6", 0)


async def test_lists_and_look_ups_return_rows(driver: GrpcDriver) -> None:
    recommender = driver.recommender

    items = await recommender.ListItems(ListItemsRequest(genre="drama", page_size=2))
    genres = await recommender.ListGenres(ListGenresRequest())
    users = await recommender.ListUsers(ListUsersRequest(page_size=10))
    near = await recommender.ListSimilarItems(ListSimilarItemsRequest(item_id="i1", limit=1))
    interactions = await recommender.ListInteractions(ListInteractionsRequest(user_id="odd", page_size=10))

    assert [item.item_id for item in items.items] == ["i0", "i2"]
    assert list(genres.genres) == ["Action", "Comedy", "Drama"]
    assert [(user.user_id, user.interaction_count) for user in users.users] == [("even", 2), ("late", 1), ("odd", 1)]
    assert [(scored.item.item_id, scored.score) for scored in near.items] == [("i3", 1.0)]
    assert not interactions.interactions[0].HasField("rating")
    assert interactions.interactions[0].occurred_at.ToDatetime(tzinfo=sample.WHEN.tzinfo) == sample.WHEN


async def test_a_version_says_whether_it_is_stale_and_what_it_does_not_know(driver: GrpcDriver, registry: FileRegistry) -> None:
    await driver.models.PromoteModel(PromoteModelRequest(version=sample.save_model(registry, items=8).version))

    model = (await driver.models.GetModel(GetModelRequest())).model

    # The sample's version was trained with no import, its store has one.
    assert (model.stale, model.unknown_items) == (True, 2)


async def test_a_promoted_version_answers(driver: GrpcDriver, registry: FileRegistry) -> None:
    version = sample.save_model(registry).version

    promoted = await driver.models.PromoteModel(PromoteModelRequest(version=version))

    listed = await driver.models.ListModels(ListModelsRequest(page_size=10))
    answer = await driver.recommender.Recommend(RecommendRequest(user_id="even", limit=1))
    assert promoted.model.live
    assert promoted.model.params["l2"] == 1.0
    assert [model.version for model in listed.models] == [version] == [answer.model_version]


async def test_a_jobs_file_is_streamed_after_its_header(driver: GrpcDriver, registry: FileRegistry) -> None:
    registry.save_result("job-1", 1, "table.csv", "text/csv", [b"a" * 100_000])

    header, *chunks = [part async for part in driver.jobs.ReadResult(ReadResultRequest(job_id="job-1"))]

    assert (header.header.name, header.header.size_bytes) == ("table.csv", 100_000)
    assert b"".join(part.chunk for part in chunks) == b"a" * 100_000


async def test_a_failure_has_a_status_and_one_error_info(driver: GrpcDriver) -> None:
    failure = await failure_of(driver.recommender.GetItem(GetItemRequest(item_id="nope")))

    assert failure == Failure("NOT_FOUND", "No item nope.", "ITEM_UNKNOWN", "whynotboth", {"item_id": "nope"})


async def test_a_stream_fails_in_the_same_way(driver: GrpcDriver) -> None:
    async def read() -> None:
        async for _ in driver.jobs.ReadResult(ReadResultRequest(job_id="nope")):
            pass

    failure = await failure_of(read())

    assert (failure.status, failure.reason) == ("NOT_FOUND", "JOB_RESULT_MISSING")


@pytest.mark.parametrize("method", ["RecommenderService/GetItem", "RecommenderService/BatchRecommend", "JobService/ReadResult"])
async def test_a_body_that_can_not_be_decoded_is_malformed(driver: GrpcDriver, method: str) -> None:
    failure = await failure_of(driver.send(method, b"\xff\xff"))

    assert (failure.status, failure.reason) == ("INVALID_ARGUMENT", "BODY_MALFORMED")


async def test_a_bug_is_internal_without_any_detail(driver: GrpcDriver, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(catalogue, "get_item", fail)

    failure = await failure_of(driver.recommender.GetItem(GetItemRequest(item_id="i0")))

    assert (failure.status, failure.reason) == ("INTERNAL", "INTERNAL")
    assert "secret" not in failure.detail
    # The caller hears of it before it's counted.
    await eventually(lambda: b'{code="INTERNAL",method="RecommenderService/GetItem"} 1.0' in metrics.render())


async def test_health_follows_readiness(driver: GrpcDriver, server: GrpcServer) -> None:
    assert await driver.health() == "NOT_SERVING"
    await server.set_serving(is_serving=True)
    assert await driver.health("whynotboth.v1.RecommenderService") == "SERVING"

    await server.drain()

    assert await driver.health() == "NOT_SERVING"
    assert (await driver.models.GetModel(GetModelRequest())).model.live


async def test_a_call_in_flight_finishes_when_the_server_stops(driver: GrpcDriver, server: GrpcServer, live: LiveState) -> None:
    waiting = driver.recommender.Recommend(RecommendRequest(user_id="even", limit=1, min_interaction_offset=0), timeout=10)
    await eventually(lambda: bool(server._calls.methods))
    stopping = asyncio.create_task(server.stop(grace_seconds=5))
    await live.apply([sample.logged(0, sample.interaction("even", "i4"))])

    answer = await waiting

    assert answer.items[0].item.item_id == "i6"
    assert await stopping == []


async def test_a_call_beyond_the_grace_is_ended_and_named(driver: GrpcDriver, server: GrpcServer) -> None:
    waiting = driver.recommender.Recommend(RecommendRequest(user_id="even", limit=1, min_interaction_offset=0), timeout=10)
    await eventually(lambda: bool(server._calls.methods))

    ended = await server.stop(grace_seconds=0.05)

    assert ended == ["RecommenderService/Recommend"]
    assert (await failure_of(waiting)).status in {"UNAVAILABLE", "CANCELLED"}


async def test_a_health_watch_does_not_delay_the_stop(driver: GrpcDriver, server: GrpcServer) -> None:
    watch = driver.watch_health()
    await watch.read()

    async with asyncio.timeout(3):
        assert await server.stop(grace_seconds=30) == []


async def test_more_than_eight_full_batches_at_once_are_rejected(
    driver: GrpcDriver, server: GrpcServer, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The sample is so small that the event loop would answer at once.
    monkeypatch.setattr(recommendations, "SCORES_AT_ONCE", 0)
    full = BatchRecommendRequest(requests=[RecommendRequest(user_id="even", limit=1)] * 256)
    gate = threading.Event()
    executor.submit(gate.wait, 10)
    admitted = [driver.recommender.BatchRecommend(full) for _ in range(8)]
    await eventually(lambda: len(server._calls.methods) == len(admitted))

    failure = await failure_of(driver.recommender.BatchRecommend(full))
    gate.set()

    assert (failure.status, failure.reason) == ("RESOURCE_EXHAUSTED", "RECOMMENDER_OVERLOADED")
    assert [len((await batch).results) for batch in admitted] == [256] * 8
    assert (await driver.recommender.BatchRecommend(full)).results


async def test_a_taken_port_is_an_error(server: GrpcServer) -> None:
    with socket.create_server((HOST, 0)) as taken, pytest.raises(OSError, match="can't be listened on"):
        await server.start(HOST, taken.getsockname()[1])
