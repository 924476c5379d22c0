"""A driver that calls a recommender over real gRPC on a free port, and decodes the errors of failed calls."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from whynotboth.v1 import decisions_pb2_grpc, jobs_pb2_grpc, recommender_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from ml_service.entrypoints.grpc.server import GrpcServer

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Failure:
    status: str
    detail: str
    reason: str
    domain: str
    metadata: dict[str, str]


class GrpcDriver:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.recommender = recommender_pb2_grpc.RecommenderServiceStub(channel)
        self.models = recommender_pb2_grpc.ModelServiceStub(channel)
        self.jobs = jobs_pb2_grpc.JobServiceStub(channel)
        self.decisions = decisions_pb2_grpc.DecisionServiceStub(channel)
        self._health = health_pb2_grpc.HealthStub(channel)
        self._channel = channel

    def send(self, method: str, body: bytes) -> Awaitable[bytes]:
        """Send any bytes, as a client with another contract would."""
        call: Awaitable[bytes] = self._channel.unary_unary(f"/whynotboth.v1.{method}")(body)
        return call

    async def health(self, service: str = "") -> str:
        answer = await self._health.Check(health_pb2.HealthCheckRequest(service=service))
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)

    def watch_health(self) -> Any:
        return self._health.Watch(health_pb2.HealthCheckRequest())


async def failure_of(call: Awaitable[Any]) -> Failure:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        status = rpc_status.from_call(error)
        info = ErrorInfo()
        if status is not None:
            (detail,) = status.details
            detail.Unpack(info)
        return Failure(error.code().name, error.details() or "", info.reason, info.domain, dict(info.metadata))
    raise AssertionError("the call succeeded")


@asynccontextmanager
async def driving(server: GrpcServer) -> AsyncIterator[GrpcDriver]:
    port = await server.start(HOST, 0)
    async with grpc.aio.insecure_channel(f"{HOST}:{port}", [("grpc.enable_http_proxy", 0)]) as channel:
        yield GrpcDriver(channel)
    await server.stop(0.1)
