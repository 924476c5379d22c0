"""A caller's first batch brings it the catalogue. To encode a large one takes long, so the event loop doesn't do it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from grpc_driver import driving

from ml_service.entrypoints.grpc import encoding as grpc_encoding
from whynotboth.v1.recommender_pb2 import BatchRecommendRequest, RecommendRequest

if TYPE_CHECKING:
    import pytest

    from ml_service.entrypoints.grpc.server import GrpcServer


async def test_the_catalogue_is_encoded_on_a_thread(server: GrpcServer, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    encode_batch = grpc_encoding.encode_batch

    def encode(*values: Any) -> Any:
        threads.append(threading.current_thread())
        return encode_batch(*values)

    monkeypatch.setattr(grpc_encoding, "encode_batch", encode)
    request = BatchRecommendRequest(requests=[RecommendRequest(user_id="even", limit=1)])

    async with driving(server) as driver:
        answer = await driver.recommender.BatchRecommend(request)

    assert len(answer.catalogue) == 10
    assert threading.current_thread() not in threads
