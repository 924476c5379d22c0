"""Flow 4: a new model version goes live, and back, while clients ask."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from damage import arrays_of, flip_a_byte, rewrite

from harness.asking import AskingAllTheTime
from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver
    from harness.stack import Stack


def a_second_version(gateway: GatewayDriver) -> str:
    job_id = gateway.start_job("train", estimators=["item_knn"], folds=2)["jobId"]
    return str(gateway.job_in_state(job_id, "succeeded")["result"]["modelVersion"])


def test_promoting_forward_and_back_fails_no_request(stack: Stack, gateway: GatewayDriver) -> None:
    old = gateway.live_version()
    new = a_second_version(gateway)

    with AskingAllTheTime([gateway.port]) as asking:
        gateway.promote(new)
        eventually(lambda: new in asking.versions, within=10)
        gateway.promote(old)
        eventually(lambda: gateway.recommend("1")["modelVersion"] == old, within=10)

    # A degraded answer is one that came too late, as on a busy machine.
    assert [failure for failure in asking.failures if not failure.startswith("degraded")] == []
    assert asking.versions >= {old, new}


def test_a_worse_challenger_is_kept_but_not_promoted(gateway: GatewayDriver) -> None:
    live = gateway.live_version()

    job_id = gateway.start_job("train", estimators=["popularity"], folds=2)["jobId"]
    job = gateway.job_in_state(job_id, "succeeded")

    assert job["result"]["promoted"] is False
    assert job["result"]["modelVersion"] in [model["version"] for model in gateway.get("/v1/models")["models"]]
    assert gateway.live_version() == live


def test_a_roll_out_is_announced_on_the_socket_and_changes_watched_lists(gateway: GatewayDriver) -> None:
    old = gateway.live_version()
    new = a_second_version(gateway)
    topic = "users/7/recommendations"
    with gateway.live() as socket:
        socket.subscribe("models")
        socket.subscribe(topic)
        socket.wait_for("event", topic=topic)

        gateway.promote(new)

        frames = [socket.wait_for("event"), socket.wait_for("event")]
    gateway.promote(old)
    assert {frame["topic"] for frame in frames} >= {"models"}
    assert any(frame["topic"] == "models" and frame["data"]["version"] == new for frame in frames)


def test_an_unknown_version_cannot_be_promoted(gateway: GatewayDriver) -> None:
    problem = gateway.problem("POST", "/v1/models/19700101T000000Z-00000000/promote")

    assert (problem["status"], problem["reason"]) == (404, "MODEL_VERSION_UNKNOWN")


def test_a_damaged_version_is_refused_and_the_old_one_keeps_answering(stack: Stack, gateway: GatewayDriver) -> None:
    live, damaged = gateway.live_version(), "20200101T000000Z-00000000"
    models = stack.data.folder / "registry" / "models"
    shutil.copytree(models / live, models / damaged)
    rewrite(models / damaged, version=damaged)
    flip_a_byte(arrays_of(models / damaged))

    problem = gateway.problem("POST", f"/v1/models/{damaged}/promote")

    assert (problem["status"], problem["reason"]) == (503, "MODEL_VERSION_UNUSABLE")
    assert "isn't what the manifest says" in problem["detail"]
    assert gateway.recommend("1")["modelVersion"] == live
