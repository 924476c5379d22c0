"""Measure a recommender with a store of a given size: start-up time, latencies, and memory while it loads another version."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks.figures import percentile
from benchmarks.growth.fitting import peak_mb
from benchmarks.stand import stop
from benchmarks.synthetic import user_id
from harness.direct_channel import insecure_channel
from harness.ports import LOOPBACK, free_ports
from harness.processes import Process
from harness.waiting import eventually
from ml_service.adapters.sql.database import open_engine
from ml_service.adapters.sql.store import SqlStore
from whynotboth.v1.recommender_pb2 import RecommendRequest, RecommendResponse
from whynotboth.v1.recommender_pb2_grpc import RecommenderServiceStub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.figures import Figures
    from benchmarks.synthetic import Size

START_SECONDS = 600
SWAP_SECONDS = 120
#: Requests before the measured ones: the first requests of a process are slower.
WARM_UP = 20


def answer(size: Size, asks: int, next_version: str, variables: Mapping[str, str], folder: Path) -> Figures:
    """Start a recommender, send requests, make the next version live, and stop it."""
    grpc_port, ops_port = free_ports(2)
    ports = {"RECOMMENDER_GRPC_PORT": str(grpc_port), "RECOMMENDER_OPS_PORT": str(ops_port), "RECOMMENDER_MODEL_POLL_SECONDS": "1"}
    command = [sys.executable, "-m", "ml_service", "serve"]
    ready_url = f"http://{LOOPBACK}:{ops_port}/readyz"
    process = Process("recommender", command, {**variables, **ports}, ready_url, folder / "recommender.log")
    began = time.perf_counter()
    process.start()
    try:
        process.wait_until_ready(START_SECONDS)
        figures = {"start_seconds": time.perf_counter() - began}
        with insecure_channel(f"{LOOPBACK}:{grpc_port}") as channel:
            stub = RecommenderServiceStub(channel)
            figures |= _latencies(stub, size, asks)
            figures["serve_mb"] = psutil.Process(process.pid).memory_full_info().pss / 1e6
            _make_live(variables["DATABASE_URL"], next_version)
            eventually(lambda: _ask(stub, 0).model_version == next_version, within=SWAP_SECONDS, what="the next version")
        return {**figures, "swap_peak_mb": peak_mb(Path(f"/proc/{process.pid}/status"))}
    finally:
        stop(process)


def _latencies(stub: RecommenderServiceStub, size: Size, asks: int) -> Figures:
    users = random.Random(size.seed).sample(range(size.users), asks + WARM_UP)  # noqa: S311
    for user in users[:WARM_UP]:
        _ask(stub, user)
    figures: Figures = {}
    for name in ("cold", "warm"):
        taken = [_timed(stub, user) for user in users[WARM_UP:]]
        figures |= {f"{name}_{part}_ms": percentile(taken, share) * 1000 for part, share in (("p50", 0.5), ("p99", 0.99))}
    return figures


def _timed(stub: RecommenderServiceStub, user: int) -> float:
    began = time.perf_counter()
    _ask(stub, user)
    return time.perf_counter() - began


def _ask(stub: RecommenderServiceStub, user: int) -> RecommendResponse:
    return stub.Recommend(RecommendRequest(user_id=user_id(user), limit=10), timeout=10)


def _make_live(database_url: str, version: str) -> None:
    store = SqlStore(open_engine(database_url))
    assert store.compare_and_set_live(store.read_live(), version), "another version became live meanwhile"
    store.engine.dispose()
