"""Flow 3: a job in the background, followed and cancelled by a client."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from harness.messages import export_requested
from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.broker import BrokerDriver
    from harness.gateway import GatewayDriver
    from harness.stack import Stack


def test_a_training_can_be_followed_to_its_end(gateway: GatewayDriver) -> None:
    with gateway.live() as socket:
        job_id = gateway.start_job("train", estimators=["item_knn"], folds=2)["jobId"]
        socket.subscribe(f"jobs/{job_id}")

        events = socket.events_of_job(job_id, until="succeeded")

    percents = [event["data"]["percent"] for event in events]
    offsets = [event["offset"] for event in events]
    assert percents == sorted(percents)
    assert offsets == sorted(offsets)
    assert any(event["data"]["state"] == "running" and "ndcg_at_10" in event["data"]["metrics"] for event in events)
    job = gateway.job(job_id)
    assert job["metrics"]["ndcg_at_10"] > 0.2
    assert job["attempts"] == 1
    assert job["result"]["modelVersion"] in [model["version"] for model in gateway.get("/v1/models")["models"]]


def test_an_evaluation_leaves_the_ranking_table(gateway: GatewayDriver) -> None:
    job_id = gateway.start_job("evaluate", estimators=["popularity"])["jobId"]

    gateway.job_in_state(job_id, "succeeded")

    rows = list(csv.DictReader(io.StringIO(gateway.job_file(job_id).text)))
    assert [row["estimator"] for row in rows] == ["popularity"]
    assert float(rows[0]["ndcg_at_10"]) == pytest.approx(0.2522, abs=0.0005)


def test_an_export_holds_the_top_of_every_user(gateway: GatewayDriver) -> None:
    job_id = gateway.start_job("export", limit=3)["jobId"]

    gateway.job_in_state(job_id, "succeeded")

    response = gateway.job_file(job_id)
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert response.headers["content-type"].startswith("text/csv")
    assert len({row["user_id"] for row in rows}) >= 943
    assert [row["item_id"] for row in rows if row["user_id"] == "405"] == gateway.recommended_ids("405", limit=3)


def test_a_job_without_a_file_has_no_result(gateway: GatewayDriver) -> None:
    job_id = gateway.start_job("train", estimators=["popularity"], folds=2)["jobId"]
    gateway.job_in_state(job_id, "succeeded")

    problem = gateway.problem("GET", f"/v1/jobs/{job_id}/result")

    assert (problem["status"], problem["reason"]) == (404, "JOB_RESULT_MISSING")


def test_a_running_job_is_cancelled(gateway: GatewayDriver) -> None:
    job_id = gateway.start_job("train")["jobId"]
    gateway.job_in_state(job_id, "running")

    asked = gateway.cancel_job(job_id)

    assert asked["cancelRequested"] is True
    assert gateway.job_in_state(job_id, "cancelled", within=10)["error"] is None


def test_a_queued_job_is_cancelled_before_it_runs(gateway: GatewayDriver) -> None:
    running = gateway.start_job("train")["jobId"]
    gateway.job_in_state(running, "running")
    queued = gateway.start_job("train")["jobId"]

    gateway.cancel_job(queued)

    assert gateway.job_in_state(queued, "cancelled", within=10)["attempts"] == 0
    assert gateway.job(running)["state"] == "running"
    gateway.cancel_job(running)
    gateway.job_in_state(running, "cancelled", within=10)


def test_cancelling_a_finished_job_changes_nothing(gateway: GatewayDriver) -> None:
    job_id = gateway.start_job("export", limit=1)["jobId"]
    finished = gateway.job_in_state(job_id, "succeeded")

    assert gateway.cancel_job(job_id) == finished


def test_the_same_key_is_one_job(gateway: GatewayDriver) -> None:
    key = str(uuid4())

    first = gateway.start_job("export", key=key, limit=1)
    again = gateway.start_job("export", key=key, limit=1)

    assert again["jobId"] == first["jobId"]
    assert gateway.job_in_state(first["jobId"], "succeeded")["attempts"] == 1


def test_the_same_key_for_another_job_is_refused(gateway: GatewayDriver) -> None:
    key = str(uuid4())
    gateway.start_job("export", key=key, limit=1)

    problem = gateway.problem("POST", "/v1/jobs", json={"kind": "export", "params": {"limit": 2}}, headers={"Idempotency-Key": key})

    assert (problem["status"], problem["reason"]) == (409, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "dance", "params": {}},
        {"kind": "train", "params": {"folds": 1}},
        {"kind": "train", "params": {"estimators": ["magic"]}},
        {"kind": "train", "params": {"limit": 1}},
        {"kind": "export", "params": {"limit": 101}},
        {"kind": "evaluate", "params": {"seed": -1}},
        {"params": {}},
    ],
)
def test_invalid_parameters_are_refused_at_once(gateway: GatewayDriver, body: dict[str, object]) -> None:
    problem = gateway.problem("POST", "/v1/jobs", json=body)

    assert problem["status"] == 400
    assert problem["reason"] in {"REQUEST_INVALID", "JOB_PARAMS_INVALID"}


def test_an_undecodable_job_is_dead_lettered_and_the_worker_continues(gateway: GatewayDriver, broker: BrokerDriver) -> None:
    body = f"not protobuf {uuid4()}".encode()

    broker.publish(body, exchange="jobs", routing_key="job.requested", message_type="whynotboth.v1.JobRequested", message_id=str(uuid4()))

    eventually(lambda: body in broker.dead_letters(), within=10)
    job_id = gateway.start_job("export", limit=1)["jobId"]
    gateway.job_in_state(job_id, "succeeded")


def test_a_job_delivered_twice_has_its_effect_once(stack: Stack, gateway: GatewayDriver, broker: BrokerDriver) -> None:
    job_id = gateway.start_job("export", limit=1)["jobId"]
    first = gateway.job_in_state(job_id, "succeeded")

    broker.publish(export_requested(job_id, limit=1), routing_key="jobs", message_type="whynotboth.v1.JobRequested", message_id=job_id)

    eventually(lambda: broker.depth("jobs") == 0, within=10)
    last = gateway.start_job("export", limit=1)["jobId"]
    gateway.job_in_state(last, "succeeded")
    assert stack.store.job(job_id) == ("succeeded", 1)
    assert gateway.job(job_id)["result"] == first["result"]
