"""The rules of the socket: frames, topics, resume, and invalid input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver
    from harness.stack import Stack


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("{", "FRAME_INVALID"),
        ("[]", "FRAME_INVALID"),
        ({"type": "dance"}, "FRAME_INVALID"),
        ({"type": "subscribe"}, "FRAME_INVALID"),
        ({"type": "ping", "extra": 1}, "FRAME_INVALID"),
        (b"\x00\x01", "FRAME_INVALID"),
        ({"type": "subscribe", "topic": "nothing"}, "TOPIC_UNKNOWN"),
        ({"type": "subscribe", "topic": "jobs/no-such-job"}, "JOB_UNKNOWN"),
    ],
)
def test_an_invalid_frame_gets_an_error_and_the_socket_stays_open(
    gateway: GatewayDriver, frame: str | bytes | dict[str, object], reason: str
) -> None:
    with gateway.live() as socket:
        socket.send(frame)
        error = socket.wait_for("error")

        socket.send({"type": "ping"})
        socket.wait_for("pong")

    assert error["reason"] == reason
    assert error["detail"]
    assert error["retryable"] is False


def test_a_frame_over_the_limit_closes_the_socket(gateway: GatewayDriver) -> None:
    with gateway.live() as socket:
        socket.send("x" * 70_000)

        assert socket.close_code() == 1009


def test_a_page_of_another_origin_is_refused_at_the_upgrade(gateway: GatewayDriver) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(gateway.live_url, origin=Origin("http://elsewhere.example"), proxy=None):
        pass

    assert refused.value.response.status_code == 403


def test_a_resumed_socket_gets_the_missed_events_in_order_and_once(gateway: GatewayDriver) -> None:
    with gateway.live() as socket:
        socket.subscribe("jobs")
        job_id = gateway.start_job("export", limit=1)["jobId"]
        seen = socket.events_of_job(job_id, until="queued")
    gateway.job_in_state(job_id, "succeeded")

    with gateway.live() as socket:
        socket.send({"type": "subscribe", "topic": "jobs", "resume": seen[0]["offset"]})
        missed = socket.events_of_job(job_id, until="succeeded")

    offsets = [event["offset"] for event in missed]
    assert offsets == sorted(set(offsets))
    assert offsets[0] > seen[0]["offset"]
    assert [event["data"]["fact"] for event in missed if event["data"]["fact"] != "job.progressed"] == ["job.started", "job.succeeded"]


def test_a_socket_resumes_at_another_gateway(stack: Stack, gateway: GatewayDriver) -> None:
    other = stack.add_gateway()
    stack.gateways[-1].restart()
    with gateway.live() as socket:
        socket.subscribe("jobs")
        job_id = gateway.start_job("export", limit=1)["jobId"]
        here = socket.events_of_job(job_id, until="succeeded")
    other.job_in_state(job_id, "succeeded")

    with other.live() as socket:
        socket.send({"type": "subscribe", "topic": "jobs", "resume": here[0]["offset"]})
        there = socket.events_of_job(job_id, until="succeeded")

    assert [(event["offset"], event["data"]) for event in there] == [(event["offset"], event["data"]) for event in here[1:]]


def test_the_activity_feed_shows_users_actions(gateway: GatewayDriver, user_id: str) -> None:
    with gateway.live() as socket:
        socket.subscribe("activity")

        gateway.rate(user_id, "50", 5)

        event = socket.wait_for("event", topic="activity")
        while event["data"].get("userId") != user_id:
            event = socket.wait_for("event", topic="activity")
    assert event["data"]["itemId"] == "50"


def test_stats_are_pushed_and_name_the_gateway(gateway: GatewayDriver) -> None:
    with gateway.live() as socket:
        socket.subscribe("stats")

        event = socket.wait_for("event", topic="stats")

    assert event["data"]["gateway"] == gateway.get("/v1/stats")["gateway"]
    assert event["data"]["sockets"] >= 1


def test_a_closed_socket_leaves_no_trace_in_the_stats(gateway: GatewayDriver) -> None:
    with gateway.live() as socket:
        socket.subscribe("activity")
        assert gateway.get("/v1/stats")["sockets"] >= 1

    eventually(lambda: gateway.get("/v1/stats")["sockets"] == 0, within=5)
