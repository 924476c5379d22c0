"""A worker is killed in the middle of a job. Another one resumes it, and nothing of the first remains."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from harness.ports import free_ports
from harness.processes import Process
from harness.stack import descendants
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.brokers import RunningBroker
    from harness.gateway import GatewayDriver
    from harness.stack import Stack

pytestmark = pytest.mark.timeout(400)

#: The time of a whole training on a busy machine.
RESUMED_SECONDS = 180
#: The broker drops a silent worker after two to three heartbeats of 5 s.
HEARTBEATS_SECONDS = 15


@pytest.fixture
def other_worker(stack: Stack, running: RunningBroker, tmp_path: Path) -> Iterator[Process]:
    """A second worker on the same store and broker, not started yet."""
    (port,) = free_ports(1)
    environment = {**stack.data.environment, "AMQP_URL": running.amqp_url, "WORKER_OPS_PORT": str(port), "WORKER_NAME": "other"}
    command = [sys.executable, "-m", "ml_service", "work"]
    process = Process("other worker", command, environment, f"http://127.0.0.1:{port}/readyz", tmp_path / "worker.log")
    yield process
    if process.is_running:
        process.terminate()


@pytest.fixture
def first_worker(stack: Stack) -> Iterator[Process]:
    """The worker that gets the job. It runs again after the test."""
    yield stack.worker
    if not stack.worker.is_running:
        stack.worker.restart()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Freeze a worker and its job process."""
    processes = [psutil.Process(each) for each in (pid, *descendants(pid))]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def versions(gateway: GatewayDriver) -> set[str]:
    return {model["version"] for model in gateway.get("/v1/models", pageSize=100)["models"]}


def test_a_killed_workers_training_is_resumed_by_another_and_makes_one_version(
    gateway: GatewayDriver, first_worker: Process, other_worker: Process
) -> None:
    before = versions(gateway)
    job_id = gateway.start_job("train", estimators=["item_knn"])["jobId"]
    gateway.job_in_state(job_id, "running")
    children = descendants(first_worker.pid)

    first_worker.kill()
    other_worker.restart()
    eventually(lambda: not any(psutil.pid_exists(pid) for pid in children), within=10, what="no process left")

    job = gateway.job_in_state(job_id, "succeeded", within=RESUMED_SECONDS)
    assert children
    assert job["attempts"] == 2
    assert versions(gateway) - before == {job["result"]["modelVersion"]}


def test_a_frozen_workers_job_is_run_by_another_and_has_no_late_effect(
    gateway: GatewayDriver, first_worker: Process, other_worker: Process
) -> None:
    before = versions(gateway)
    job_id = gateway.start_job("train", estimators=["item_knn"])["jobId"]
    gateway.job_in_state(job_id, "running")

    with frozen(first_worker.pid):
        other_worker.restart()
        job = gateway.job_in_state(job_id, "succeeded", within=HEARTBEATS_SECONDS + RESUMED_SECONDS)
    eventually(lambda: "job outcome ignored" in first_worker.log_text(), within=RESUMED_SECONDS, what="a late outcome of the first worker")

    assert job["attempts"] == 2
    assert gateway.job(job_id) == job
    assert versions(gateway) - before == {job["result"]["modelVersion"]}


def test_a_killed_workers_job_stays_cancelled(gateway: GatewayDriver, first_worker: Process, other_worker: Process) -> None:
    job_id = gateway.start_job("train", folds=10)["jobId"]
    gateway.job_in_state(job_id, "running")

    first_worker.kill()
    gateway.cancel_job(job_id)
    other_worker.restart()

    job = gateway.job_in_state(job_id, "cancelled")
    assert (job["cancelRequested"], job["attempts"], job["result"]) == (True, 2, None)
