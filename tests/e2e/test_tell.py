"""Flow 2: a client publishes a user's rating, and every reader of the log applies it once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from harness.messages import interaction_recorded
from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.broker import BrokerDriver
    from harness.gateway import GatewayDriver
    from harness.stack import Stack

STAR_WARS, TOY_STORY = "50", "1"


def test_a_rating_is_accepted_with_its_offset_in_the_log(gateway: GatewayDriver, user_id: str) -> None:
    accepted = gateway.rate(user_id, STAR_WARS, 5)

    assert (accepted["userId"], accepted["itemId"], accepted["rating"]) == (user_id, STAR_WARS, 5)
    assert accepted["acceptedAt"].endswith("Z")
    assert accepted["offset"] >= 0


def test_the_next_answer_takes_a_rating_into_account_without_training(gateway: GatewayDriver, user_id: str) -> None:
    version = gateway.live_version()
    before = gateway.recommend(user_id)

    accepted = gateway.rate(user_id, STAR_WARS, 5)
    after = gateway.recommend(user_id, min_offset=accepted["offset"])

    assert (before["source"], after["source"]) == ("fallback", "model")
    assert STAR_WARS not in [item["itemId"] for item in after["items"]]
    assert {reason["itemId"] for item in after["items"] for reason in item["why"]} == {STAR_WARS}
    assert gateway.live_version() == version


def test_a_cached_answer_is_dropped_by_a_rating(gateway: GatewayDriver, user_id: str) -> None:
    rated = gateway.rate(user_id, STAR_WARS, 5)
    first = gateway.recommended_ids(user_id, min_offset=rated["offset"])
    assert gateway.recommend(user_id)["source"] == "cache"

    accepted = gateway.rate(user_id, first[0], 5)

    assert first[0] not in gateway.recommended_ids(user_id, min_offset=accepted["offset"])
    assert first[0] not in gateway.recommended_ids(user_id)


def test_a_low_rating_does_not_lift_similar_films(gateway: GatewayDriver, user_id: str) -> None:
    gateway.rate(user_id, TOY_STORY, 5)
    offset = gateway.rate(user_id, STAR_WARS, 0.5)["offset"]

    reasons = {reason["itemId"] for item in gateway.recommend(user_id, min_offset=offset)["items"] for reason in item["why"]}

    assert STAR_WARS not in reasons


def test_a_socket_that_watches_a_user_gets_the_new_list(gateway: GatewayDriver, user_id: str) -> None:
    topic = f"users/{user_id}/recommendations"
    with gateway.live() as socket:
        socket.subscribe(topic)
        first = socket.wait_for("event", topic=topic)

        accepted = gateway.rate(user_id, STAR_WARS, 5)

        pushed = socket.wait_for("event", topic=topic)
    assert first["data"]["source"] == "fallback"
    assert pushed["offset"] == accepted["offset"]
    assert pushed["data"]["items"] == gateway.recommend(user_id)["items"]


def test_a_socket_can_rate(gateway: GatewayDriver, user_id: str) -> None:
    with gateway.live(user_id) as socket:
        socket.send({"type": "rate", "id": "r1", "itemId": STAR_WARS, "rating": 4})

        socket.wait_for("ack", replyTo="r1")
    eventually(lambda: gateway.http.get(f"/v1/users/{user_id}").is_success, within=5)


def test_an_accepted_rating_reaches_the_store_once(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    accepted = gateway.rate(user_id, STAR_WARS, 4)

    eventually(lambda: stack.store.count_interactions(accepted["interactionId"]), within=10)

    history = gateway.get(f"/v1/users/{user_id}/interactions")
    assert [(row["itemId"], row["rating"]) for row in history["interactions"]] == [(STAR_WARS, 4)]
    assert history["asOfOffset"] >= accepted["offset"]


def test_the_same_key_and_body_is_one_rating(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    key = str(uuid4())

    first = gateway.rate(user_id, STAR_WARS, 4, key=key)
    again = gateway.rate(user_id, STAR_WARS, 4, key=key)

    assert again["interactionId"] == first["interactionId"]
    eventually(lambda: stack.store.count_interactions(first["interactionId"]) == 1, within=10)
    assert gateway.get(f"/v1/users/{user_id}")["interactionCount"] == 1


def test_the_same_key_with_another_body_is_refused(gateway: GatewayDriver, user_id: str) -> None:
    key = str(uuid4())
    gateway.rate(user_id, STAR_WARS, 4, key=key)

    body = {"userId": user_id, "itemId": STAR_WARS, "rating": 5}
    problem = gateway.problem("POST", "/v1/interactions", json=body, headers={"Idempotency-Key": key})

    assert (problem["status"], problem["reason"]) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_the_same_event_twice_in_the_log_takes_effect_once(
    stack: Stack, gateway: GatewayDriver, broker: BrokerDriver, user_id: str
) -> None:
    interaction_id = str(uuid4())
    body = interaction_recorded(interaction_id, user_id, STAR_WARS, 4)

    for _ in range(2):
        broker.publish(body, routing_key="interactions", message_type="whynotboth.v1.InteractionRecorded", message_id=interaction_id)
    last = gateway.rate(user_id, TOY_STORY, 4)

    eventually(lambda: stack.store.count_interactions(last["interactionId"]), within=10)
    assert stack.store.count_interactions(interaction_id) == 1
    assert gateway.get(f"/v1/users/{user_id}")["interactionCount"] == 2


@pytest.mark.parametrize(("body", "reason"), [(b"\xff\xfe not protobuf", "MESSAGE_UNDECODABLE"), (b"", "REQUEST_INVALID")])
def test_an_unusable_event_is_rejected_and_the_readers_continue(
    stack: Stack, gateway: GatewayDriver, broker: BrokerDriver, user_id: str, body: bytes, reason: str
) -> None:
    message_id = str(uuid4())

    broker.publish(body, routing_key="interactions", message_type="whynotboth.v1.InteractionRecorded", message_id=message_id)
    accepted = gateway.rate(user_id, STAR_WARS, 4)

    eventually(lambda: stack.store.count_interactions(accepted["interactionId"]), within=10)
    assert stack.store.rejection(message_id) == reason
    assert gateway.recommend(user_id, min_offset=accepted["offset"])["source"] == "model"


def test_an_event_about_an_item_outside_the_catalogue_is_rejected(
    stack: Stack, gateway: GatewayDriver, broker: BrokerDriver, user_id: str
) -> None:
    message_id = str(uuid4())
    body = interaction_recorded(message_id, user_id, "no-such-film", 4)

    broker.publish(body, routing_key="interactions", message_type="whynotboth.v1.InteractionRecorded", message_id=message_id)

    assert eventually(lambda: stack.store.rejection(message_id), within=10) == "ITEM_UNKNOWN"
    assert gateway.problem("GET", f"/v1/users/{user_id}")["reason"] == "USER_UNKNOWN"


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        ({"json": {"userId": "1", "itemId": "no-such-film", "rating": 4}}, 404, "ITEM_UNKNOWN"),
        ({"json": {"userId": "1", "itemId": "1", "rating": 6}}, 400, "REQUEST_INVALID"),
        ({"json": {"userId": "1", "itemId": "1", "rating": "4"}}, 400, "REQUEST_INVALID"),
        ({"json": {"userId": "1", "itemId": "1"}}, 400, "REQUEST_INVALID"),
        ({"json": {"userId": "", "itemId": "1", "rating": 4}}, 400, "REQUEST_INVALID"),
        ({"json": {"userId": "1", "itemId": "1", "rating": 4, "extra": 1}}, 400, "REQUEST_INVALID"),
        ({"json": []}, 400, "REQUEST_INVALID"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "BODY_MALFORMED"),
        ({"content": b"", "headers": {"content-type": "application/json"}}, 400, "BODY_MALFORMED"),
        ({"content": b"a=b", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 415, "MEDIA_TYPE_UNSUPPORTED"),
        ({"content": b" " * 65537, "headers": {"content-type": "application/json"}}, 413, "BODY_TOO_LARGE"),
    ],
)
def test_an_invalid_rating_is_refused(gateway: GatewayDriver, request_: dict[str, object], status: int, reason: str) -> None:
    problem = gateway.problem("POST", "/v1/interactions", **request_)

    assert (problem["status"], problem["reason"]) == (status, reason)
