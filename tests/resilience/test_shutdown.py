"""SIGTERM to each process: work in flight finishes or is returned, and the exit code is 0."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import psutil

from harness.busy_clients import BusyClients
from harness.stack import descendants
from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver
    from harness.stack import Stack

#: How many items an answer has by default, and how many jobs a test starts: one runs, the others wait.
ITEMS, JOBS = 10, 5


def assert_nothing_lost(stack: Stack, clients: BusyClients) -> None:
    """Assert that every request got a good answer, and that each interaction is stored once."""
    assert clients.failures == []
    assert clients.refusals == []
    clients.assert_stored_once(stack.store)


def test_a_gateway_closes_its_sockets_with_1001_and_ends_with_0(stack: Stack, gateway: GatewayDriver) -> None:
    with gateway.live() as socket:
        socket.subscribe("activity")

        exit_code = stack.gateway_process.terminate()

        assert socket.close_code() == 1001
    stack.gateway_process.restart()
    assert exit_code == 0


def test_sigterm_to_one_of_two_gateways_under_load_fails_no_request(
    stack: Stack, gateway: GatewayDriver, other_gateway: GatewayDriver
) -> None:
    with BusyClients([gateway, other_gateway]) as clients:
        clients.wait_for_accepted(100)
        exit_code = stack.gateways[-1].terminate()
        clients.wait_for_accepted(100)

    assert exit_code == 0
    assert_nothing_lost(stack, clients)


def test_sigterm_to_the_recommender_under_load_fails_no_request(stack: Stack, gateway: GatewayDriver) -> None:
    with BusyClients([gateway]) as clients:
        clients.wait_for_accepted(100)
        exit_code = stack.recommender.terminate()
        clients.wait_for_accepted(50)
        stack.recommender.restart()
        clients.wait_for_accepted(50)

    assert exit_code == 0
    assert set(clients.recommended) == {ITEMS}
    assert_nothing_lost(stack, clients)


def test_sigterm_to_the_worker_under_load_loses_nothing_accepted(stack: Stack, gateway: GatewayDriver) -> None:
    with BusyClients([gateway]) as clients:
        clients.wait_for_accepted(50)
        job_ids = [gateway.start_job("export", limit=1)["jobId"] for _ in range(JOBS)]
        gateway.job_in_state(job_ids[0], "running", "succeeded")
        exit_code = stack.worker.terminate()
        clients.wait_for_accepted(50)
        stack.worker.restart()

    assert exit_code == 0
    assert [gateway.job_in_state(job_id, "succeeded")["state"] for job_id in job_ids] == ["succeeded"] * JOBS
    assert stack.broker.depth("jobs") == 0
    assert_nothing_lost(stack, clients)


def test_a_second_signal_ends_a_worker_at_once_and_its_job_runs_on_the_next(stack: Stack, gateway: GatewayDriver) -> None:
    job_id = gateway.start_job("train", folds=10)["jobId"]
    gateway.job_in_state(job_id, "running")
    children = descendants(stack.worker.pid)

    stack.worker.ask_to_stop()
    exit_code = stack.worker.terminate()
    eventually(lambda: not any(psutil.pid_exists(pid) for pid in children), within=10, what="no process left")
    stack.worker.restart()

    assert exit_code == 128 + signal.SIGTERM
    gateway.job_in_state(job_id, "running")
    gateway.cancel_job(job_id)
    gateway.job_in_state(job_id, "cancelled", within=10)


def test_a_recommender_ends_with_0_and_its_port_is_free_for_the_next(stack: Stack, gateway: GatewayDriver) -> None:
    exit_code = stack.recommender.terminate()
    stack.recommender.restart()

    assert exit_code == 0
    assert eventually(lambda: not gateway.recommend("13")["degraded"], within=20)


def test_a_worker_returns_its_job_and_leaves_no_process(stack: Stack, gateway: GatewayDriver) -> None:
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
