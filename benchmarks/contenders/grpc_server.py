"""The Python half of the hybrid as tutorials show it: one user a call. `python -m benchmarks.contenders.grpc_server PORT aio|threads`.

Also answers `/bare.Calls/Empty`, a call without content.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc

from benchmarks.contenders.in_process import Recommender
from whynotboth.v1 import recommender_pb2, recommender_pb2_grpc

if TYPE_CHECKING:
    from benchmarks.contenders.in_process import Recommended
    from ml_service.domain import Item

recommender = Recommender()


def answer(request: recommender_pb2.RecommendRequest) -> recommender_pb2.RecommendResponse:
    items = [encode(found) for found in recommender.recommend(request.user_id, request.limit)]
    source = recommender_pb2.RECOMMENDATION_SOURCE_MODEL
    return recommender_pb2.RecommendResponse(user_id=request.user_id, model_version=recommender.version, source=source, items=items)


def encode(found: Recommended) -> recommender_pb2.RecommendedItem:
    why = [recommender_pb2.ItemReference(item_id=item.item_id, title=item.title) for item in found.why]
    return recommender_pb2.RecommendedItem(item=encode_item(found.item), score=found.score, why=why)


def encode_item(item: Item) -> recommender_pb2.Item:
    return recommender_pb2.Item(item_id=item.item_id, title=item.title, year=item.year, genres=item.genres)


class AioService(recommender_pb2_grpc.RecommenderServiceServicer):
    async def Recommend(self, request: recommender_pb2.RecommendRequest, _context: Any) -> recommender_pb2.RecommendResponse:  # noqa: N802
        return answer(request)


class ThreadedService(recommender_pb2_grpc.RecommenderServiceServicer):
    def Recommend(self, request: recommender_pb2.RecommendRequest, _context: Any) -> recommender_pb2.RecommendResponse:  # noqa: N802
        return answer(request)


async def echo(request: bytes, _context: Any) -> bytes:
    return request


async def serve_aio(address: str) -> None:
    server = grpc.aio.server()
    recommender_pb2_grpc.add_RecommenderServiceServicer_to_server(AioService(), server)  # type: ignore[abstract]  # no other call is made
    calls: dict[str, grpc.RpcMethodHandler[Any, Any]] = {"Empty": grpc.unary_unary_rpc_method_handler(echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bare.Calls", calls),))
    server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()


def serve_threads(address: str) -> None:
    server = grpc.server(ThreadPoolExecutor(max_workers=10))
    recommender_pb2_grpc.add_RecommenderServiceServicer_to_server(ThreadedService(), server)  # type: ignore[abstract]
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    listen_at = f"127.0.0.1:{sys.argv[1]}"
    if sys.argv[2] == "aio":
        asyncio.run(serve_aio(listen_at))
    else:
        serve_threads(listen_at)
