"""SIGTERM to each process: what is in flight finishes or is handed back, and the exit code is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from harness.stack import descendants
from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver
    from harness.stack import Stack


def test_a_gateway_closes_its_sockets_with_1001_and_ends_with_0(stack: Stack, gateway: GatewayDriver) -> None:
    with gateway.live() as socket:
        socket.subscribe("activity")

        exit_code = stack.gateway_process.terminate()

        assert socket.close_code() == 1001
    stack.gateway_process.restart()
    assert exit_code == 0


def test_a_recommender_ends_with_0_and_its_port_is_free_for_the_next(stack: Stack, gateway: GatewayDriver) -> None:
    exit_code = stack.recommender.terminate()
    stack.recommender.restart()

    assert exit_code == 0
    assert eventually(lambda: not gateway.recommend("13")["degraded"], within=20)


def test_a_worker_hands_its_job_back_and_leaves_no_process(stack: Stack, gateway: GatewayDriver) -> None:
    job_id = gateway.start_job("train", folds=10)["jobId"]
    gateway.job_in_state(job_id, "running")
    children = descendants(stack.worker.pid)

    exit_code = stack.worker.terminate()
    eventually(lambda: not any(psutil.pid_exists(pid) for pid in children), within=5, what="no process left")
    stack.worker.restart()

    assert exit_code == 0
    gateway.job_in_state(job_id, "running")
    gateway.cancel_job(job_id)
    gateway.job_in_state(job_id, "cancelled", within=10)
