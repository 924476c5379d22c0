"""The gRPC servicers: decode, call a handler, encode. The interceptor turns errors into statuses."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from ml_service.entrypoints.grpc import encoding
from ml_service.entrypoints.grpc.file_chunks import reading
from ml_service.errors import ResourceExhausted
from ml_service.handlers import catalogue
from ml_service.handlers.recommendations import RecommendationQuery, recommend, recommend_batch
from whynotboth.v1 import jobs_pb2, jobs_pb2_grpc, recommender_pb2, recommender_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from concurrent.futures import Executor

    import grpc

    from ml_service.entrypoints.ops.metrics import Metrics
    from ml_service.handlers.dead_letters import DeadLetters
    from ml_service.handlers.deadline import StoreWithDeadline
    from ml_service.handlers.live_state import LiveState
    from ml_service.handlers.models import Models
    from ml_service.ports.storage import Registry

    Context = grpc.aio.ServicerContext[Any, Any]

#: The most requests in running batches: eight full batches. More would wait beyond their deadlines.
REQUESTS_MAX = 2048
#: The most files being sent. A slow reader keeps its call open: without a limit, readers could take all calls that the server allows.
TRANSFERS_MAX = 32


class ConcurrencyLimiter:
    """Rejects work above the limit at once, so that nothing waits in a hidden queue. Use it from one event loop only: it has no lock."""

    def __init__(self, limit: int) -> None:
        self._free = limit

    @contextmanager
    def acquire(self, count: int) -> Iterator[None]:
        """Hold `count` places during the block. Raise ResourceExhausted (RECOMMENDER_OVERLOADED) if fewer are free."""
        if count > self._free:
            raise ResourceExhausted("RECOMMENDER_OVERLOADED", f"{count} more would exceed the concurrency limit. Try again in a moment.")
        self._free -= count
        try:
            yield
        finally:
            self._free += count


class RecommenderServicer(recommender_pb2_grpc.RecommenderServiceServicer):
    """Answers from memory, except for a user's interactions, which the store has."""

    def __init__(self, live: LiveState, store: StoreWithDeadline, scoring: Executor, searching: Executor, metrics: Metrics) -> None:
        """`scoring` and `searching` are threads for work that would block the event loop."""
        self._live = live
        self._store = store
        self._scoring = scoring
        self._searching = searching
        self._metrics = metrics
        self._limiter = ConcurrencyLimiter(REQUESTS_MAX)

    async def BatchRecommend(
        self, request: recommender_pb2.BatchRecommendRequest, context: Context
    ) -> recommender_pb2.BatchRecommendResponse:
        queries = [_query(entry) for entry in request.requests]
        with self._limiter.acquire(len(queries)):
            answer = await recommend_batch(self._live, self._scoring, queries, context.time_remaining())
        self._metrics.observe_batch(len(queries), answer.scoring_ms)
        encode = partial(encoding.encode_batch, answer, request.known_catalogue_ids)
        if answer.catalogue.catalogue_id in request.known_catalogue_ids:
            return encode()
        # The first answer to a caller has the whole catalogue, which takes 150 ms to encode for 100,000 items.
        return await asyncio.get_running_loop().run_in_executor(self._searching, encode)

    async def Recommend(self, request: recommender_pb2.RecommendRequest, context: Context) -> recommender_pb2.RecommendResponse:
        return encoding.encode_recommendation(await recommend(self._live, self._scoring, _query(request), context.time_remaining()))

    async def ListSimilarItems(
        self, request: recommender_pb2.ListSimilarItemsRequest, _context: Context
    ) -> recommender_pb2.ListSimilarItemsResponse:
        near, version = catalogue.list_similar_items(self._live, request.item_id, request.limit)
        items = [encoding.encode_scored_item(item, score) for item, score in near]
        return recommender_pb2.ListSimilarItemsResponse(items=items, model_version=version)

    async def GetItem(self, request: recommender_pb2.GetItemRequest, _context: Context) -> recommender_pb2.GetItemResponse:
        return recommender_pb2.GetItemResponse(item=encoding.encode_item(catalogue.get_item(self._live, request.item_id)))

    async def ListItems(self, request: recommender_pb2.ListItemsRequest, _context: Context) -> recommender_pb2.ListItemsResponse:
        page = await catalogue.list_items(
            self._live, self._searching, request.query, request.genre, page_size=request.page_size, token=request.page_token
        )
        items = [encoding.encode_item(item) for item in page.rows]
        return recommender_pb2.ListItemsResponse(items=items, next_page_token=page.next_page_token)

    async def ListGenres(self, _request: recommender_pb2.ListGenresRequest, _context: Context) -> recommender_pb2.ListGenresResponse:
        return recommender_pb2.ListGenresResponse(genres=self._live.catalogue.genres)

    async def ListUsers(self, request: recommender_pb2.ListUsersRequest, _context: Context) -> recommender_pb2.ListUsersResponse:
        page = await catalogue.list_users(self._live, self._searching, request.query, request.page_size, request.page_token)
        users = [encoding.encode_user(user) for user in page.rows]
        return recommender_pb2.ListUsersResponse(users=users, next_page_token=page.next_page_token)

    async def GetUser(self, request: recommender_pb2.GetUserRequest, _context: Context) -> recommender_pb2.GetUserResponse:
        return recommender_pb2.GetUserResponse(user=encoding.encode_user(catalogue.get_user(self._live, request.user_id)))

    async def ListInteractions(
        self, request: recommender_pb2.ListInteractionsRequest, context: Context
    ) -> recommender_pb2.ListInteractionsResponse:
        page, as_of_offset = await catalogue.list_interactions(
            self._live,
            self._store,
            request.user_id,
            request.page_size,
            request.page_token,
            remaining_seconds=context.time_remaining(),
        )
        return recommender_pb2.ListInteractionsResponse(
            interactions=[encoding.encode_interaction(interaction, item) for interaction, item in page.rows],
            next_page_token=page.next_page_token,
            as_of_offset=as_of_offset,
        )


class ModelServicer(recommender_pb2_grpc.ModelServiceServicer):
    """Lists model versions and makes one live."""

    def __init__(self, models: Models) -> None:
        self._models = models

    async def GetModel(self, request: recommender_pb2.GetModelRequest, _context: Context) -> recommender_pb2.GetModelResponse:
        return recommender_pb2.GetModelResponse(model=encoding.encode_model(await self._models.get(request.version)))

    async def ListModels(self, request: recommender_pb2.ListModelsRequest, _context: Context) -> recommender_pb2.ListModelsResponse:
        page = await self._models.list(request.page_size, request.page_token)
        models = [encoding.encode_model(version) for version in page.rows]
        return recommender_pb2.ListModelsResponse(models=models, next_page_token=page.next_page_token)

    async def PromoteModel(self, request: recommender_pb2.PromoteModelRequest, _context: Context) -> recommender_pb2.PromoteModelResponse:
        return recommender_pb2.PromoteModelResponse(model=encoding.encode_model(await self._models.promote(request.version)))


class JobServicer(jobs_pb2_grpc.JobServiceServicer):
    """Sends the files of jobs, and manages dead letters. Threads wait for registry, broker and store."""

    def __init__(self, registry: Registry, dead_letters: DeadLetters) -> None:
        self._registry = registry
        self._dead_letters = dead_letters
        self._limiter = ConcurrencyLimiter(TRANSFERS_MAX)

    async def ReadResult(self, request: jobs_pb2.ReadResultRequest, _context: Context) -> AsyncIterator[jobs_pb2.ReadResultResponse]:
        with self._limiter.acquire(1):
            file, chunks = await asyncio.to_thread(self._registry.open_result, request.job_id)
            async with reading(chunks) as file_chunks:
                yield jobs_pb2.ReadResultResponse(header=encoding.encode_file(file))
                async for chunk in file_chunks:
                    yield jobs_pb2.ReadResultResponse(chunk=chunk)

    async def ListDeadLetters(self, request: jobs_pb2.ListDeadLettersRequest, _context: Context) -> jobs_pb2.ListDeadLettersResponse:
        page = await asyncio.to_thread(self._dead_letters.list, request.page_size, request.page_token)
        letters = [encoding.encode_dead_letter(letter) for letter in page.rows]
        return jobs_pb2.ListDeadLettersResponse(dead_letters=letters, next_page_token=page.next_page_token)

    async def GetDeadLetter(self, request: jobs_pb2.GetDeadLetterRequest, _context: Context) -> jobs_pb2.GetDeadLetterResponse:
        letter = await asyncio.to_thread(self._dead_letters.get, request.dead_letter_id)
        return jobs_pb2.GetDeadLetterResponse(dead_letter=encoding.encode_dead_letter(letter), body=letter.body)

    async def ReplayDeadLetter(self, request: jobs_pb2.ReplayDeadLetterRequest, _context: Context) -> jobs_pb2.ReplayDeadLetterResponse:
        letter, is_queued = await asyncio.to_thread(self._dead_letters.replay, request.dead_letter_id)
        return jobs_pb2.ReplayDeadLetterResponse(dead_letter=encoding.encode_dead_letter(letter), queued=is_queued)

    async def DropDeadLetter(self, request: jobs_pb2.DropDeadLetterRequest, _context: Context) -> jobs_pb2.DropDeadLetterResponse:
        letter = await asyncio.to_thread(self._dead_letters.drop, request.dead_letter_id)
        return jobs_pb2.DropDeadLetterResponse(dead_letter=encoding.encode_dead_letter(letter))


def _query(request: recommender_pb2.RecommendRequest) -> RecommendationQuery:
    offset = request.min_interaction_offset if request.HasField("min_interaction_offset") else None
    return RecommendationQuery(request.user_id, request.limit, offset)
