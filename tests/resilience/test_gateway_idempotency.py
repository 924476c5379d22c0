"""One Idempotency-Key has one effect and one answer: at two gateways, at the same moment, and after restarts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.gateway import GatewayDriver, Json
    from harness.stack import Stack

STAR_WARS = "50"
CONFLICT = (409, "IDEMPOTENCY_KEY_REUSED")
#: Enough attempts for the two gateways to publish at the same moment.
RACES = 20


def at_once(*asks: Callable[[], Json]) -> list[Json]:
    with ThreadPoolExecutor(len(asks)) as pool:
        return [asking.result() for asking in [pool.submit(ask) for ask in asks]]


def outcome(problem: Json) -> tuple[int, str]:
    return problem["status"], problem["reason"]


def test_a_rating_with_one_key_counts_once_at_two_gateways_and_after_a_restart(
    stack: Stack, gateway: GatewayDriver, other_gateway: GatewayDriver, user_id: str
) -> None:
    key = str(uuid4())
    first = eventually(lambda: (rated := gateway.rate(user_id, STAR_WARS, 5, key=key))["offset"] is not None and rated, within=10)

    elsewhere = other_gateway.rate(user_id, STAR_WARS, 5, key=key)
    stack.gateway_process.kill()
    stack.gateway_process.restart()
    again = gateway.rate(user_id, STAR_WARS, 5, key=key)

    assert elsewhere == again == first
    assert [outcome(each.refused_rating(user_id, STAR_WARS, 1, key=key)) for each in (gateway, other_gateway)] == [CONFLICT] * 2
    eventually(lambda: stack.store.count_interactions(first["interactionId"]) == 1, within=20)
    assert gateway.get(f"/v1/users/{user_id}")["interactionCount"] == 1


def test_a_job_with_one_key_runs_once_at_two_gateways_and_after_a_restart(
    stack: Stack, gateway: GatewayDriver, other_gateway: GatewayDriver
) -> None:
    key = str(uuid4())
    job_id = gateway.start_job("export", key=key, limit=1)["jobId"]
    finished = gateway.job_in_state(job_id, "succeeded")

    elsewhere = eventually(lambda: (job := other_gateway.start_job("export", key=key, limit=1))["state"] == "succeeded" and job, within=10)
    stack.gateway_process.kill()
    stack.gateway_process.restart()
    again = gateway.start_job("export", key=key, limit=1)

    assert elsewhere == again == finished
    assert [outcome(each.refused_job("export", key=key, limit=2)) for each in (gateway, other_gateway)] == [CONFLICT] * 2
    assert stack.store.job(job_id) == ("succeeded", 1)


def test_the_same_rating_at_two_gateways_at_the_same_moment_counts_once(
    stack: Stack, gateway: GatewayDriver, other_gateway: GatewayDriver, user_id: str
) -> None:
    for race in range(RACES):
        key, film = str(uuid4()), str(race + 1)
        here, there = at_once(
            partial(gateway.rate, user_id, film, 5, key=key),
            partial(other_gateway.rate, user_id, film, 5, key=key),
        )
        assert here["interactionId"] == there["interactionId"]

    eventually(lambda: stack.store.count_interactions(here["interactionId"]), within=20)
    assert len(gateway.interactions(user_id, pageSize=100)) == RACES
    assert gateway.get(f"/v1/users/{user_id}")["interactionCount"] == RACES


def test_of_two_ratings_with_one_key_at_the_same_moment_the_first_in_the_log_counts(
    stack: Stack, gateway: GatewayDriver, other_gateway: GatewayDriver, user_id: str
) -> None:
    key = str(uuid4())
    at_once(
        lambda: gateway.try_to_rate(user_id, STAR_WARS, 5, key=key),
        lambda: other_gateway.try_to_rate(user_id, STAR_WARS, 1, key=key),
    )

    (stored,) = eventually(lambda: gateway.interactions(user_id), within=20)
    loser = 6 - stored["rating"]

    for each in (gateway, other_gateway):
        assert each.rate(user_id, STAR_WARS, stored["rating"], key=key)["interactionId"] == stored["interactionId"]
        assert outcome(each.refused_rating(user_id, STAR_WARS, loser, key=key)) == CONFLICT
    assert len(gateway.interactions(user_id)) == 1


def test_the_same_job_at_two_gateways_at_the_same_moment_runs_once(
    stack: Stack, gateway: GatewayDriver, other_gateway: GatewayDriver
) -> None:
    key = str(uuid4())
    here, there = at_once(
        lambda: gateway.start_job("export", key=key, limit=1),
        lambda: other_gateway.start_job("export", key=key, limit=1),
    )

    job_id = here["jobId"]
    gateway.job_in_state(job_id, "succeeded")
    eventually(lambda: stack.broker.depth("jobs") == 0, within=20)

    assert there["jobId"] == job_id
    assert stack.store.job(job_id) == ("succeeded", 1)
    assert [job["jobId"] for job in gateway.get("/v1/jobs", pageSize=100)["jobs"]].count(job_id) == 1


def test_a_job_that_only_the_log_holds_runs_when_its_key_is_sent_again(stack: Stack, gateway: GatewayDriver) -> None:
    key = str(uuid4())
    eventually(lambda: stack.broker.depth("jobs") == 0, within=20)
    stack.worker.kill()
    asked = gateway.start_job("export", key=key, limit=1)
    # Simulate a broker that fails after the log has the request and before the queue has it.
    eventually(lambda: (taken := stack.broker.take("jobs")) and asked["jobId"].encode() in taken.body, within=10)

    again = gateway.start_job("export", key=key, limit=1)
    stack.worker.restart()

    assert again["jobId"] == asked["jobId"]
    assert gateway.job_in_state(asked["jobId"], "succeeded")["attempts"] == 1
