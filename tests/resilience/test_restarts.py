"""Each process is killed and started again. Nothing that was accepted is missing or doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver, Json
    from harness.stack import Stack

FILMS = ("50", "181", "100", "174")


def test_a_killed_recommender_rebuilds_the_histories_from_store_and_log(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    offset = [gateway.rate(user_id, film, 5) for film in FILMS][-1]["offset"]
    before = gateway.recommend(user_id, min_offset=offset)

    stack.recommender.kill()
    stack.recommender.restart()

    after = eventually(lambda: _fresh(gateway, user_id, offset), within=20)
    assert after["items"] == before["items"][: len(after["items"])]
    assert gateway.get(f"/v1/users/{user_id}")["interactionCount"] == len(FILMS)


def test_a_killed_worker_projects_what_it_missed_once(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    first = gateway.rate(user_id, FILMS[0], 5)
    eventually(lambda: stack.store.count_interactions(first["interactionId"]), within=10)

    stack.worker.kill()
    missed = [gateway.rate(user_id, film, 4) for film in FILMS[1:]]
    stack.worker.restart()

    eventually(lambda: stack.store.count_interactions(missed[-1]["interactionId"]), within=20)
    assert [stack.store.count_interactions(each["interactionId"]) for each in (first, *missed)] == [1] * len(FILMS)
    assert len(gateway.interactions(user_id)) == len(FILMS)


def test_a_killed_workers_job_is_run_by_the_next_worker(stack: Stack, gateway: GatewayDriver) -> None:
    job_id = gateway.start_job("train", estimators=["item_knn"])["jobId"]
    gateway.job_in_state(job_id, "running")

    stack.worker.kill()
    stack.worker.restart()

    job = gateway.job_in_state(job_id, "succeeded")
    assert job["attempts"] == 2
    assert stack.store.job(job_id) == ("succeeded", 2)


def test_worker_down_jobs_wait_in_the_queue_and_everything_else_works(stack: Stack, gateway: GatewayDriver) -> None:
    stack.worker.kill()
    job_id = gateway.start_job("export", limit=1)["jobId"]
    queued = gateway.job(job_id)
    rated = gateway.rate("196", FILMS[1], 4)
    answer = gateway.recommend("196", min_offset=rated["offset"])
    stack.worker.restart()

    job = gateway.job_in_state(job_id, "succeeded")

    assert (queued["state"], answer["degraded"]) == ("queued", False)
    assert job["attempts"] == 1


def test_a_restarted_gateway_rebuilds_jobs_and_keys_from_the_log(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    job_id = gateway.start_job("export", limit=1)["jobId"]
    finished = gateway.job_in_state(job_id, "succeeded")
    rated = gateway.rate(user_id, FILMS[0], 5, key="before-the-restart")

    stack.gateway_process.kill()
    stack.gateway_process.restart()

    assert eventually(lambda: gateway.http.get(f"/v1/jobs/{job_id}").is_success and gateway.job(job_id), within=20) == finished
    again = gateway.rate(user_id, FILMS[0], 5, key="before-the-restart")
    assert again["interactionId"] == rated["interactionId"]
    assert gateway.get(f"/v1/users/{user_id}")["interactionCount"] == 1


def test_recommender_down_answers_are_degraded_and_writes_are_accepted(stack: Stack, gateway: GatewayDriver) -> None:
    known = gateway.recommend("196")

    stack.recommender.kill()
    stale = eventually(lambda: (answer := gateway.recommend("196", limit=9))["degraded"] and answer, within=10)
    accepted = gateway.rate("196", FILMS[0], 3)
    job_id = gateway.start_job("export", limit=1)["jobId"]
    refused = gateway.http.get(f"/v1/items/{FILMS[0]}")
    stack.recommender.restart()

    assert len(stale["items"]) == 9
    assert (refused.status_code, refused.json()["reason"], refused.headers["retry-after"]) == (503, "RECOMMENDER_UNAVAILABLE", "1")
    gateway.job_in_state(job_id, "succeeded")
    recovered = eventually(lambda: _fresh(gateway, "196", accepted["offset"]), within=20)
    assert recovered["degraded"] is False
    assert recovered["modelVersion"] == known["modelVersion"]


def _fresh(gateway: GatewayDriver, user_id: str, min_offset: int) -> Json | None:
    """Return an answer of the model, None while there is none. The limit is one that no test used before, so the cache can't answer."""
    response = gateway.http.get(f"/v1/users/{user_id}/recommendations", params={"minOffset": min_offset, "limit": 8})
    if not response.is_success or response.json()["degraded"]:
        return None
    return dict(response.json())
