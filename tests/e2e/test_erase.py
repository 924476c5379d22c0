"""Erasure of a user through the gateway: every reader of the log forgets the user, and later actions start a new history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver
    from harness.stack import Stack

STAR_WARS, TOY_STORY = "50", "1"


def test_an_erased_user_is_unknown_everywhere(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    gateway.rate(user_id, STAR_WARS, 5)
    eventually(lambda: stack.store.count_rows(user_id), within=10)

    erased = gateway.erase(user_id)

    answer = gateway.recommend(user_id, min_offset=erased["offset"])
    assert (answer["source"], answer["items"]) == ("fallback", gateway.recommend("nobody-knows-this-one")["items"])
    assert gateway.problem("GET", f"/v1/users/{user_id}")["reason"] == "USER_UNKNOWN"
    assert gateway.interactions(user_id) == []
    eventually(lambda: stack.store.count_rows(user_id) == 0, within=10)


def test_a_cached_answer_is_dropped_by_an_erasure(gateway: GatewayDriver, user_id: str) -> None:
    rated = gateway.rate(user_id, STAR_WARS, 5)
    gateway.recommend(user_id, min_offset=rated["offset"])
    assert gateway.recommend(user_id)["source"] == "cache"

    offset = gateway.erase(user_id)["offset"]

    assert gateway.recommend(user_id, min_offset=offset)["source"] == "fallback"
    assert gateway.recommend(user_id)["source"] == "fallback"


def test_a_socket_that_watches_an_erased_user_gets_the_fallback_list(gateway: GatewayDriver, user_id: str) -> None:
    topic = f"users/{user_id}/recommendations"
    gateway.rate(user_id, STAR_WARS, 5)
    with gateway.live(user_id) as socket:
        socket.subscribe(topic)
        first = socket.wait_for("event", topic=topic)

        erased = gateway.erase(user_id)

        pushed = socket.wait_for("event", topic=topic)
    assert (first["data"]["source"], pushed["data"]["source"]) == ("model", "fallback")
    assert pushed["offset"] == erased["offset"]


def test_actions_after_an_erasure_are_a_new_history(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    gateway.rate(user_id, STAR_WARS, 5)
    gateway.erase(user_id)

    again = gateway.rate(user_id, TOY_STORY, 4)

    answer = gateway.recommend(user_id, min_offset=again["offset"])
    assert {reason["itemId"] for item in answer["items"] for reason in item["why"]} == {TOY_STORY}
    eventually(lambda: stack.store.count_interactions(again["interactionId"]), within=10)
    assert [row["itemId"] for row in gateway.interactions(user_id)] == [TOY_STORY]


def test_another_viewer_may_not_erase_a_user(gateway: GatewayDriver, user_id: str) -> None:
    rated = gateway.rate(user_id, STAR_WARS, 5)
    gateway.recommend(user_id, min_offset=rated["offset"])

    refused = gateway.refused_erasure(user_id, caller="somebody-else")

    assert (refused["status"], refused["reason"]) == (403, "ACCESS_DENIED")
    assert gateway.get(f"/v1/users/{user_id}")["interactionCount"] == 1


def test_users_may_erase_themselves(gateway: GatewayDriver, user_id: str) -> None:
    gateway.rate(user_id, STAR_WARS, 5)

    erased = gateway.erase(user_id, caller=user_id)

    assert (erased["userId"], erased["acceptedAt"][-1]) == (user_id, "Z")
    assert gateway.recommend(user_id, min_offset=erased["offset"])["source"] == "fallback"
