"""The fast path to an answer (batches, stored scores, rendered parts) gives every user the same list as a single call."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from harness.direct_channel import insecure_channel
from harness.gateway import GatewayDriver
from whynotboth.v1.recommender_pb2 import RecommendRequest
from whynotboth.v1.recommender_pb2_grpc import RecommenderServiceStub

if TYPE_CHECKING:
    from harness.gateway import Json
    from harness.stack import Stack
    from whynotboth.v1.recommender_pb2 import RecommendedItem

USERS = [str(number) for number in range(1, 944)]
#: A number of films that no other test requests, so that no answer comes from the cache.
LIMIT = 23
CLIENTS = 8


def test_every_user_gets_the_same_list_by_batches_and_by_a_single_call(stack: Stack) -> None:
    by_batches = answers_over_http(stack.gateway.port)

    with insecure_channel(stack.grpc_address) as channel:
        recommender = RecommenderServiceStub(channel)
        alone = [recommender.Recommend(RecommendRequest(user_id=user_id, limit=LIMIT)).items for user_id in USERS]

    assert {answer["source"] for answer in by_batches} == {"model"}
    assert [answer["items"] for answer in by_batches] == [[as_json(item) for item in items] for items in alone]


def answers_over_http(port: int) -> list[Json]:
    """Return the answers to users who ask at the same time."""

    def ask(users: list[str]) -> list[Json]:
        driver = GatewayDriver(port)
        try:
            return [driver.recommend(user_id, limit=LIMIT) for user_id in users]
        finally:
            driver.close()

    with ThreadPoolExecutor(CLIENTS) as clients:
        share = -(-len(USERS) // CLIENTS)
        parts = clients.map(ask, (USERS[start : start + share] for start in range(0, len(USERS), share)))
        return [answer for part in parts for answer in part]


def as_json(recommended: RecommendedItem) -> Json:
    item = recommended.item
    return {
        "itemId": item.item_id,
        "title": item.title,
        "year": item.year if item.HasField("year") else None,
        "genres": list(item.genres),
        "score": recommended.score,
        "why": [{"itemId": reason.item_id, "title": reason.title} for reason in recommended.why],
    }
