"""The worker's metrics for Prometheus, in a registry of its own instead of the global one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from ml_service.entrypoints.ops.reader_metrics import ReaderMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ml_service.ports.messaging import LogReader
    from ml_service.ports.storage import Appended

JOB_SECONDS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200)


class WorkerMetrics:
    """Count the attempts at jobs by their ending, and the rows of the projector."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._registry = registry
        self._attempts = Histogram(
            "worker_job_attempt_seconds", "Attempts at jobs, by how they ended.", ("kind", "ending"), buckets=JOB_SECONDS, registry=registry
        )
        self._running = Gauge("worker_jobs_running", "Jobs being run now.", registry=registry)
        self._undecodable = Counter("worker_undecodable_messages", "Messages dead-lettered undecoded.", registry=registry)
        self._projected = Counter("worker_projected_interactions", "Interactions written to the store.", registry=registry)
        self._rejected = Counter("worker_rejected_interactions", "Messages of the log that can't be used.", registry=registry)
        self._erased = Counter("worker_erased_users", "Users whose history was erased from the store.", registry=registry)
        self._offset = Gauge("worker_projected_offset", "Last offset of the log that this worker stored; -1 before.", registry=registry)
        self._offset.set(-1)

    def watch(self, readers: Mapping[str, LogReader]) -> None:
        self._registry.register(ReaderMetrics("worker", readers))

    def begin_attempt(self) -> None:
        self._running.inc()

    def end_attempt(self, kind: str, ending: str, seconds: float) -> None:
        self._running.dec()
        self._attempts.labels(kind, ending).observe(seconds)

    def count_undecodable(self) -> None:
        self._undecodable.inc()

    def count_projected(self, appended: Appended, offset: int) -> None:
        self._projected.inc(appended.interactions)
        self._rejected.inc(appended.rejected)
        self._erased.inc(appended.erased)
        self._offset.set(offset)

    def render(self) -> bytes:
        return generate_latest(self._registry)
