"""The recommender's metrics for Prometheus, in a registry of its own instead of the global one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from ml_service.entrypoints.ops.reader_metrics import ReaderMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ml_service.handlers.live_state import LiveState
    from ml_service.ports.messaging import LogReader

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Counters change with each event; gauges read the live state when Prometheus asks."""

    def __init__(self, live: LiveState) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._registry = registry
        self._live = live
        self._calls = Histogram(
            "recommender_grpc_call_duration_seconds", "gRPC calls served.", ("method", "code"), buckets=SECONDS, registry=registry
        )
        self._batches = Histogram("recommender_batch_size", "Requests in a batch.", buckets=BATCH_SIZES, registry=registry)
        self._scoring = Histogram("recommender_scoring_seconds", "Scoring one batch.", buckets=SECONDS, registry=registry)
        self._interactions = Counter("recommender_interactions", "Interactions taken from the log.", registry=registry)
        self._users = Gauge("recommender_users", "Users with a history.", registry=registry)
        self._offset = Gauge("recommender_log_offset", "Last offset of the log taken into account; -1 before the first.", registry=registry)
        self._model = Gauge("recommender_model_info", "The live model version, always 1.", ("version", "estimator"), registry=registry)
        self._stale = Gauge(
            "recommender_model_stale", "1 while the live model version was trained before the last import, else 0.", registry=registry
        )
        self._unknown_items = Gauge(
            "recommender_model_unknown_items", "Items of the catalogue that the live model version doesn't know.", registry=registry
        )

    def watch(self, readers: Mapping[str, LogReader]) -> None:
        self._registry.register(ReaderMetrics("recommender", readers))

    def observe_call(self, method: str, code: str, seconds: float) -> None:
        self._calls.labels(method, code).observe(seconds)

    def observe_batch(self, size: int, scoring_ms: float) -> None:
        self._batches.observe(size)
        self._scoring.observe(scoring_ms / 1000)

    def count_interactions(self, count: int) -> None:
        self._interactions.inc(count)

    def render(self) -> bytes:
        position, loaded = self._live.position, self._live.loaded
        self._users.set(len(self._live.user_ids))
        self._offset.set(position.offset if position else -1)
        self._model.clear()
        if loaded is not None:
            self._model.labels(loaded.version.version, loaded.version.estimator).set(1)
            self._stale.set(self._live.is_stale(loaded.version))
            self._unknown_items.set(self._live.count_unknown_items())
        return generate_latest(self._registry)
