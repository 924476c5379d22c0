"""An erased user stays erased after restarts and after the log is read again, and the next model has nothing of the user."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver, Json
    from harness.stack import Stack

FILM, OTHER = "50", "181"


def manifest(stack: Stack, version: str) -> dict[str, Any]:
    return dict(json.loads((stack.data.folder / "registry" / "models" / version / "manifest.json").read_text("utf-8")))


def train(stack: Stack, gateway: GatewayDriver) -> Json:
    """Train a version. Return what its manifest says about the data."""
    job = gateway.job_in_state(gateway.start_job("train", estimators=["popularity"], folds=2)["jobId"], "succeeded")
    return dict(manifest(stack, job["result"]["modelVersion"])["data"])


def test_reading_the_log_again_after_restarts_restores_no_erased_user(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    gateway.rate(user_id, FILM, 5)
    gateway.erase(user_id)
    stack.worker.kill()
    stack.recommender.kill()
    stack.store.forget_position()

    stack.worker.restart()
    stack.recommender.restart()

    last = gateway.rate(f"{user_id}-2", FILM, 5)
    eventually(lambda: stack.store.count_interactions(last["interactionId"]), within=30)
    eventually(lambda: gateway.http.get(f"/v1/users/{user_id}-2").is_success, within=30)
    assert stack.store.count_rows(user_id) == 0
    assert gateway.problem("GET", f"/v1/users/{user_id}")["reason"] == "USER_UNKNOWN"


def test_an_erasure_accepted_while_the_readers_were_down_is_carried_out(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    rated = gateway.rate(user_id, FILM, 5)
    eventually(lambda: stack.store.count_interactions(rated["interactionId"]), within=10)
    stack.worker.kill()
    stack.recommender.kill()

    erased = gateway.erase(user_id)
    meanwhile = gateway.recommend(user_id)
    stack.worker.restart()
    stack.recommender.restart()

    assert (meanwhile["source"], meanwhile["degraded"]) == ("fallback", True)
    eventually(lambda: stack.store.count_rows(user_id) == 0, within=30)
    after = eventually(lambda: _answered(gateway, user_id, erased["offset"]), within=30)
    assert (after["source"], after["degraded"]) == ("fallback", False)


def test_the_next_training_has_no_data_of_an_erased_user(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    for film in (FILM, OTHER):
        offset = gateway.rate(user_id, film, 5)["offset"]
    eventually(lambda: (stack.store.projected_offset() or 0) >= offset, within=10)
    before = train(stack, gateway)

    offset = gateway.erase(user_id)["offset"]
    eventually(lambda: (stack.store.projected_offset() or 0) >= offset, within=10)
    after = train(stack, gateway)

    assert after["ratings"] == before["ratings"] - 2
    assert after["fingerprint"] != before["fingerprint"]


def _answered(gateway: GatewayDriver, user_id: str, min_offset: int) -> Json | None:
    response = gateway.http.get(f"/v1/users/{user_id}/recommendations", params={"minOffset": min_offset})
    if not response.is_success or response.json()["degraded"]:
        return None
    return dict(response.json())
