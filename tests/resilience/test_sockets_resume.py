"""A socket loses its gateway, reconnects to another one within the announced time, and misses nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver
    from harness.live import Frame
    from harness.stack import Stack

#: The gateway spreads the return of up to a thousand clients over this time.
RETURN_MS = 1000


def offsets(events: list[Frame]) -> list[int]:
    return [event["offset"] for event in events]


def test_one_of_n_replicas_down_its_sockets_resume_at_another_and_miss_nothing(
    stack: Stack, gateway: GatewayDriver, other_gateway: GatewayDriver
) -> None:
    with gateway.live() as staying, other_gateway.live() as socket:
        staying.watch("jobs")
        socket.watch("jobs")
        job_id = gateway.start_job("export", limit=10)["jobId"]
        before = socket.events_of_job(job_id, until="running")

        stack.gateways[-1].kill()
        everything = staying.events_of_job(job_id, until="succeeded")

    with gateway.live() as socket:
        socket.subscribe("jobs", resume=before[-1]["offset"])
        after = socket.events_of_job(job_id, until="succeeded")
    assert offsets(before) + offsets(after) == offsets(everything)


def test_a_stopping_gateway_says_in_the_close_frame_when_to_reconnect(
    stack: Stack, gateway: GatewayDriver, other_gateway: GatewayDriver
) -> None:
    with other_gateway.live() as first, other_gateway.live() as second:
        exit_code = stack.gateways[-1].terminate()
        closings = [socket.closing() for socket in (first, second)]

    assert exit_code == 0
    assert [code for code, _ in closings] == [1001, 1001]
    assert all(0 <= json.loads(reason)["retryAfterMs"] <= RETURN_MS for _, reason in closings)
    with gateway.live() as socket:
        socket.subscribe("stats")
        assert socket.wait_for("event", topic="stats")["data"]["sockets"] >= 1


def test_a_socket_resumes_at_a_gateway_that_started_after_the_events(
    stack: Stack, gateway: GatewayDriver, other_gateway: GatewayDriver
) -> None:
    with gateway.live() as socket:
        socket.watch("jobs")
        job_id = gateway.start_job("export", limit=1)["jobId"]
        here = socket.events_of_job(job_id, until="succeeded")

    stack.gateways[-1].kill()
    stack.gateways[-1].restart()
    with other_gateway.live() as socket:
        socket.subscribe("jobs", resume=here[0]["offset"])
        there = socket.events_of_job(job_id, until="succeeded")

    assert offsets(there) == offsets(here)[1:]
