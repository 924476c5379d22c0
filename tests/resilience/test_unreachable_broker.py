"""The broker dies: requests that need it are refused, all others work, and everything recovers without help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.brokers import RunningBroker
    from harness.gateway import GatewayDriver
    from harness.stack import Stack

STAR_WARS, TOY_STORY = "50", "1"


@pytest.fixture
def dead_broker(running: RunningBroker, gateway: GatewayDriver) -> Iterator[RunningBroker]:
    running.kill()
    yield running
    running.start()
    eventually(lambda: _rated(gateway, "somebody", STAR_WARS), within=60)


def test_broker_down_writes_are_refused_and_answers_continue(
    stack: Stack, gateway: GatewayDriver, dead_broker: RunningBroker, user_id: str
) -> None:
    rating = gateway.problem("POST", "/v1/interactions", json={"userId": user_id, "itemId": STAR_WARS, "rating": 5})
    job = gateway.problem("POST", "/v1/jobs", json={"kind": "export", "params": {}})

    assert (rating["status"], rating["reason"]) == (503, "BROKER_UNAVAILABLE")
    assert (job["status"], job["reason"]) == (503, "BROKER_UNAVAILABLE")
    assert len(gateway.recommend("77")["items"]) == 10
    assert gateway.get(f"/v1/items/{STAR_WARS}")["title"] == "Star Wars"


def test_everything_recovers_when_the_broker_comes_back(stack: Stack, gateway: GatewayDriver, running: RunningBroker, user_id: str) -> None:
    before = gateway.rate(user_id, STAR_WARS, 5)
    running.kill()
    running.start()

    after = eventually(lambda: _rated(gateway, user_id, TOY_STORY), within=60)
    job_id = gateway.start_job("export", limit=1)["jobId"]

    gateway.job_in_state(job_id, "succeeded")
    eventually(lambda: stack.store.count_interactions(str(after["interactionId"])), within=20)
    assert stack.store.count_interactions(before["interactionId"]) == 1
    answer = eventually(lambda: _recommended(gateway, user_id, after["offset"]), within=20)
    assert not {STAR_WARS, TOY_STORY} & {item["itemId"] for item in answer["items"]}


def _rated(gateway: GatewayDriver, user_id: str, item_id: str) -> dict[str, object] | None:
    """Return the accepted rating. None until the broker accepts it and the gateway reads its log again."""
    body = {"userId": user_id, "itemId": item_id, "rating": 5}
    response = gateway.http.post("/v1/interactions", json=body, headers={"Idempotency-Key": f"{user_id}-{item_id}"})
    return dict(response.json()) if response.is_success and response.json()["offset"] is not None else None


def _recommended(gateway: GatewayDriver, user_id: str, min_offset: object) -> dict[str, list[dict[str, str]]] | None:
    response = gateway.http.get(f"/v1/users/{user_id}/recommendations", params={"minOffset": str(min_offset)})
    return dict(response.json()) if response.is_success else None
