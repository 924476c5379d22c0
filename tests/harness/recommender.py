"""One more recommender of a stack, in a process of its own, for tests that cut its broker off. Called over gRPC, without a gateway."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from harness import plain_http
from harness.direct_channel import insecure_channel
from harness.ports import LOOPBACK, free_ports
from harness.processes import Process
from whynotboth.v1.recommender_pb2 import RecommendRequest, RecommendResponse
from whynotboth.v1.recommender_pb2_grpc import RecommenderServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.stack import Data


class RecommenderDriver:
    def __init__(self, process: Process, channel: grpc.Channel) -> None:
        self.process = process
        self._stub = RecommenderServiceStub(channel)

    def recommend(self, user_id: str, min_offset: int, within: float) -> RecommendResponse:
        """Return the answer, or raise grpc.RpcError."""
        request = RecommendRequest(user_id=user_id, limit=10, min_interaction_offset=min_offset)
        return self._stub.Recommend(request, timeout=within)

    def refusal(self, user_id: str, min_offset: int, within: float) -> str:
        """Send a request that must be refused. Return the reason."""
        try:
            answer = self.recommend(user_id, min_offset, within)
        except grpc.RpcError as error:
            assert isinstance(error, grpc.Call)
            info = ErrorInfo()
            for detail in getattr(rpc_status.from_call(error), "details", ()):
                detail.Unpack(info)
            return info.reason or str(error)
        raise AssertionError(f"the recommender answered, as of offset {answer.as_of_offset}")

    def metric(self, name: str) -> float:
        return plain_http.metric(self.process.ready_url.removesuffix("/readyz"), name)


@contextmanager
def running_recommender(data: Data, amqp_url: str, folder: Path) -> Iterator[RecommenderDriver]:
    grpc_port, ops_port = free_ports(2)
    ports = {"RECOMMENDER_GRPC_PORT": str(grpc_port), "RECOMMENDER_OPS_PORT": str(ops_port)}
    environment = {**data.environment, "AMQP_URL": amqp_url, **ports}
    ready_url = f"http://{LOOPBACK}:{ops_port}/readyz"
    process = Process("recommender", [sys.executable, "-m", "ml_service", "serve"], environment, ready_url, folder / "recommender.log")
    process.restart()
    try:
        with insecure_channel(f"{LOOPBACK}:{grpc_port}") as channel:
            yield RecommenderDriver(process, channel)
    finally:
        process.terminate()
