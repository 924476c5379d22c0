"""The recommender's gRPC server with a small model, slowed down to a known rate: `python -m benchmarks.slowed_recommender RATE PORT`."""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ml_service.domain import Item, ModelVersion
from ml_service.entrypoints.grpc.decision_servicer import DecisionServicer
from ml_service.entrypoints.grpc.server import GrpcServer, Servicers
from ml_service.entrypoints.grpc.servicers import JobServicer, ModelServicer, RecommenderServicer
from ml_service.entrypoints.ops.metrics import Metrics
from ml_service.entrypoints.process.runtime import stop_signal
from ml_service.handlers import recommendations
from ml_service.handlers.live_state import LiveState, LoadedModel
from ml_service.handlers.models import Models
from ml_service.model.ratings import RatingWeights
from ml_service.model.scoring import ItemItemModel
from ml_service.ports.storage import StoredHistories

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

HOST = "127.0.0.1"
ITEMS = 20


class SlowedThread(ThreadPoolExecutor):
    """One thread that scores a batch, and then sleeps until the batch has taken the time of the wanted rate."""

    def __init__(self, requests_per_second: float) -> None:
        super().__init__(1)
        self._rate = requests_per_second
        self._free_at = 0.0

    def submit(self, fn: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        return super().submit(self._run_slowly, fn, *arguments, **named)

    def _run_slowly(self, score: Callable[..., Any], *arguments: Any) -> Any:
        scored = score(*arguments)
        # Add up from the planned end of the last batch: the rate then stays exact, although each sleep is a little too long.
        self._free_at = max(self._free_at, time.monotonic() - 0.01) + len(scored[0]) / self._rate
        time.sleep(max(0.0, self._free_at - time.monotonic()))
        return scored


def small_world() -> LiveState:
    """Return a state without histories: every user gets the popular items."""
    ids = [f"i{number}" for number in range(ITEMS)]
    live = LiveState([Item(item_id, f"Film {item_id}", 1990, ("Drama",)) for item_id in ids], StoredHistories({}, {}, None, {}))
    weights = np.zeros((ITEMS, ITEMS), dtype=np.float32)
    scorer = ItemItemModel(np.array(ids), weights, np.linspace(1, 0.1, ITEMS, dtype=np.float32), RatingWeights(1.5, 3.0))
    live.swap(LoadedModel(ModelVersion("20240101T000000Z-00000000", "ease", {}, {}, datetime.now(UTC)), scorer, live.catalogue))
    return live


async def serve(requests_per_second: float, port: int) -> None:
    """Serve without store, registry and broker, because no request of the benchmark needs them."""
    # With this limit at 0, all requests are scored on the slowed thread, none on the event loop.
    recommendations.SCORES_AT_ONCE = 0
    nothing: Any = None
    live = small_world()
    metrics = Metrics(live)
    stopping = stop_signal()
    with SlowedThread(requests_per_second) as scoring, ThreadPoolExecutor(1) as lookups:
        service = RecommenderServicer(live, nothing, scoring, lookups, metrics)
        models = Models(live, nothing, nothing, announce=lambda _version: None)
        servicers = Servicers(service, ModelServicer(models), JobServicer(nothing, nothing), DecisionServicer(nothing, nothing))
        server = GrpcServer(servicers, metrics, connection_age_seconds=600)
        await server.start(HOST, port)
        await stopping.wait()
        await server.stop(1)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), int(sys.argv[2])))
