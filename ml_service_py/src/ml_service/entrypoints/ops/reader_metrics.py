"""The progress of the stream readers, as metrics and for the probes of recommender and worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.core import Metric

    from ml_service.ports.messaging import LogReader

LABELS = ("stream",)


class ReaderMetrics(Collector):
    """Read the state of each reader when Prometheus scrapes. A reader that attaches often without a new offset makes no progress."""

    def __init__(self, service: str, readers: Mapping[str, LogReader]) -> None:
        self._prefix = f"{service}_log_reader"
        self._readers = readers

    def collect(self) -> Iterator[Metric]:
        attached = GaugeMetricFamily(f"{self._prefix}_attached", "Whether the reader is attached: 1 or 0.", labels=LABELS)
        offset = GaugeMetricFamily(f"{self._prefix}_offset", "The last offset that was read; -1 before the first.", labels=LABELS)
        attachments = CounterMetricFamily(f"{self._prefix}_attachments", "How often the reader was attached.", labels=LABELS)
        restarts = CounterMetricFamily(
            f"{self._prefix}_restarts", "How often the stream no longer held the last message that was read.", labels=LABELS
        )
        for stream, reader in self._readers.items():
            status = reader.status
            attached.add_metric([stream], float(status.is_attached))
            offset.add_metric([stream], -1 if status.offset is None else status.offset)
            attachments.add_metric([stream], status.attachments)
            restarts.add_metric([stream], status.restarts)
        yield from (attached, offset, attachments, restarts)


def describe_readers(readers: Mapping[str, LogReader]) -> dict[str, dict[str, object]]:
    """Return for each stream whether its reader is attached, and its offset."""
    statuses = {stream: reader.status for stream, reader in readers.items()}
    return {stream: {"attached": status.is_attached, "offset": status.offset} for stream, status in statuses.items()}
