"""The overhead of jobs, measured with empty ones: one at a time, and with many in the queue."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks import goals
from benchmarks.figures import Series, percentiles_ms
from benchmarks.loads import module, run
from benchmarks.rounds import interleave
from benchmarks.stand import DEFINITIONS, running, stop
from harness.ports import LOOPBACK, free_ports
from harness.processes import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Figures
    from benchmarks.stand import Stand
    from harness.live import LiveSocket

#: The kind doesn't matter: the empty worker does nothing for any kind.
KIND = "export"
DRAIN_SECONDS = 40
JOB_SECONDS = 30


def measure(stand: Stand) -> Iterator[Series]:
    """Stop the stack's own worker first: it must not run the jobs that these turns queue for the empty worker."""
    stop(stand.stack.worker)
    yield _overhead(stand)
    yield _drain(stand)


def _empty_worker(stand: Stand) -> Process:
    (port,) = free_ports(1)
    variables = {**stand.variables, "WORKER_OPS_PORT": str(port)}
    return Process("empty-worker", module("empty_worker"), variables, f"http://{LOOPBACK}:{port}/readyz", stand.file("empty-worker.log"))


def _overhead(stand: Stand) -> Series:
    title = "An empty job, from its 202 to `succeeded` at the socket"
    stand.schedule.begin("job", title)
    with running([_empty_worker(stand)]), stand.stack.gateway.live() as socket:
        socket.subscribe("jobs")
        _one_job(stand, socket)
        turns = {goals.GATEWAY: lambda: percentiles_ms([_one_job(stand, socket) for _ in range(stand.plan.jobs)])}
        return Series("job", title, interleave(turns, stand.plan.rate_rounds, stand.say, stand.schedule))


def _one_job(stand: Stand, socket: LiveSocket) -> float:
    job_id = stand.stack.gateway.start_job(KIND)["jobId"]
    accepted_at = time.perf_counter()
    socket.events_of_job(job_id, until="succeeded", within=JOB_SECONDS)
    return time.perf_counter() - accepted_at


def _drain(stand: Stand) -> Series:
    count = stand.plan.queued_jobs
    title = f"{count} queued empty jobs"
    stand.schedule.begin("drain", title)

    def bare() -> Figures:
        return run(module("bare_consumer", stand.amqp_url, str(DEFINITIONS), str(count)), DRAIN_SECONDS, stand.variables)

    turns = {goals.GATEWAY: lambda: _drain_queue(stand, count), goals.BARE_CONSUMER: bare}
    return Series("drain", title, interleave(turns, stand.plan.rate_rounds, stand.say, stand.schedule))


def _drain_queue(stand: Stand, count: int) -> Figures:
    """Return the rate from the first outcome to the last, so that the worker's start doesn't count. Stop waiting after DRAIN_SECONDS."""
    queued = {stand.stack.gateway.start_job(KIND)["jobId"] for _ in range(count)}
    with stand.stack.gateway.live() as socket:
        socket.watch("jobs")
        with running([_empty_worker(stand)]):
            ends = _ends_of(queued, socket)
    if len(ends) < count:
        stand.say(f"  {len(ends)} of {count} jobs succeeded within {DRAIN_SECONDS} s")
    return {"per_second": (len(ends) - 1) / (ends[-1] - ends[0]), "drained": len(ends)}


def _ends_of(queued: set[str], socket: LiveSocket) -> list[float]:
    """Return the time at which each job succeeded, without the jobs that didn't within DRAIN_SECONDS."""
    ends: list[float] = []
    give_up_at = time.perf_counter() + DRAIN_SECONDS
    while len(ends) < len(queued) and time.perf_counter() < give_up_at:
        job = socket.wait_for("event", within=JOB_SECONDS)["data"]
        if job["state"] == "succeeded" and job["jobId"] in queued:
            ends.append(time.perf_counter())
    return ends
