"""The recommender's own gRPC server on a small model, slowed down to a known rate: `python -m benchmarks.slowed_recommender <rate>`."""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ml_service.adapters.sql.store import StoredHistories
from ml_service.domain import Item, ModelVersion
from ml_service.entrypoints.grpc.server import GrpcServer
from ml_service.entrypoints.grpc.services import JobService, ModelService, RecommenderService
from ml_service.entrypoints.ops.metrics import Metrics
from ml_service.entrypoints.process.runtime import stop_signal
from ml_service.handlers import recommendations
from ml_service.handlers.live_state import LiveState, LoadedModel
from ml_service.handlers.models import Models
from ml_service.model.ratings import RatingWeights
from ml_service.model.scoring import ItemItemModel

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

HOST = "127.0.0.1"
ITEMS = 20


class SlowedThread(ThreadPoolExecutor):
    """One thread that scores as always, and then takes the rest of the time that so many requests are to take."""

    def __init__(self, requests_per_second: float) -> None:
        super().__init__(1)
        self._rate = requests_per_second
        self._free_at = 0.0

    def submit(self, fn: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        return super().submit(self._run_slowly, fn, *arguments, **named)

    def _run_slowly(self, score: Callable[..., Any], *arguments: Any) -> Any:
        scored = score(*arguments)
        # Adding up from when the last one was to end keeps the rate, whatever each sleep adds.
        self._free_at = max(self._free_at, time.monotonic() - 0.01) + len(scored[0]) / self._rate
        time.sleep(max(0.0, self._free_at - time.monotonic()))
        return scored


def small_world() -> LiveState:
    """Every user is unknown to it, and gets the popular items."""
    ids = [f"i{number}" for number in range(ITEMS)]
    live = LiveState([Item(item_id, f"Film {item_id}", 1990, ("Drama",)) for item_id in ids], StoredHistories({}, {}, None, {}))
    weights = np.zeros((ITEMS, ITEMS), dtype=np.float32)
    scorer = ItemItemModel(np.array(ids), weights, np.linspace(1, 0.1, ITEMS, dtype=np.float32), RatingWeights(1.5, 3.0))
    live.swap(LoadedModel(ModelVersion("20240101T000000Z-00000000", "ease", {}, {}, datetime.now(UTC)), scorer, live.catalogue))
    return live


async def serve(requests_per_second: float, port: int) -> None:
    """Store, registry and broker are never asked, so there are none."""
    # Nothing counts as quick, so that all requests are scored on the slowed thread.
    recommendations.SCORES_AT_ONCE = 0
    nothing: Any = None
    live = small_world()
    metrics = Metrics(live)
    stopping = stop_signal()
    with SlowedThread(requests_per_second) as scoring, ThreadPoolExecutor(1) as lookups:
        service = RecommenderService(live, nothing, scoring, lookups, metrics)
        models = Models(live, nothing, nothing, announce=lambda _version: None)
        server = GrpcServer(service, ModelService(models), JobService(nothing, nothing), metrics, connection_age_seconds=600)
        await server.start(HOST, port)
        await stopping.wait()
        await server.stop(1)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), int(sys.argv[2])))
