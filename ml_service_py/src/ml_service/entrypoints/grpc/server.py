"""The gRPC server: its options, its servicers, its health service, its graceful stop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from ml_service.entrypoints.grpc.credentials import mutual_tls
from ml_service.entrypoints.grpc.interceptors import CallsInFlight, ServiceInterceptor
from ml_service.entrypoints.process.runtime import UnusablePort
from whynotboth.v1 import decisions_pb2, decisions_pb2_grpc, jobs_pb2, jobs_pb2_grpc, recommender_pb2, recommender_pb2_grpc

if TYPE_CHECKING:
    from ml_service.adapters.certificates import Certificates
    from ml_service.entrypoints.grpc.decision_servicer import DecisionServicer
    from ml_service.entrypoints.grpc.servicers import JobServicer, ModelServicer, RecommenderServicer
    from ml_service.entrypoints.ops.metrics import Metrics

#: The concurrency limit of calls. More are rejected instead of waiting in a hidden queue: each may be a batch.
CALLS_MAX = 256
#: Five times a full batch of the longest ids.
REQUEST_BYTES_MAX = 1024 * 1024
#: How long the server may take to close connections once no call is in flight.
STANDING_SECONDS = 0.25
SERVICES = (
    *(service.full_name for service in recommender_pb2.DESCRIPTOR.services_by_name.values()),
    *(service.full_name for service in jobs_pb2.DESCRIPTOR.services_by_name.values()),
    *(service.full_name for service in decisions_pb2.DESCRIPTOR.services_by_name.values()),
)
OPTIONS = (
    # A taken port is an error, not a second server that gets half of the calls.
    ("grpc.so_reuseport", 0),
    # Gateways ping each second, on idle connections too. Allow half of that interval, as pings arrive unevenly.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 500),
    ("grpc.max_receive_message_length", REQUEST_BYTES_MAX),
    # When a connection reaches its age, its calls in flight finish.
    ("grpc.max_connection_age_grace_ms", 30_000),
)


@dataclass(frozen=True, slots=True)
class Servicers:
    """One servicer for each service of the contract."""

    recommender: RecommenderServicer
    models: ModelServicer
    jobs: JobServicer
    decisions: DecisionServicer


class GrpcServer:
    """Serves from `start` to `stop`. The health service says whether it takes work."""

    def __init__(self, servicers: Servicers, metrics: Metrics, connection_age_seconds: float) -> None:
        self._calls = CallsInFlight()
        self._is_serving = False
        self._health = health_aio.HealthServicer()
        # Gateways resolve the replicas again when a connection ends.
        options = (*OPTIONS, ("grpc.max_connection_age_ms", round(connection_age_seconds * 1000)))
        self._server = grpc.aio.server(
            interceptors=[ServiceInterceptor(self._calls, metrics)], options=options, maximum_concurrent_rpcs=CALLS_MAX
        )
        recommender_pb2_grpc.add_RecommenderServiceServicer_to_server(servicers.recommender, self._server)
        recommender_pb2_grpc.add_ModelServiceServicer_to_server(servicers.models, self._server)
        jobs_pb2_grpc.add_JobServiceServicer_to_server(servicers.jobs, self._server)
        decisions_pb2_grpc.add_DecisionServiceServicer_to_server(servicers.decisions, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([*SERVICES, "grpc.health.v1.Health", reflection.SERVICE_NAME], self._server)

    async def start(self, host: str, port: int, certificates: Certificates | None = None) -> int:
        """Listen with health NOT_SERVING; return the port (for 0, the system chooses one). Raise UnusablePort for a taken one.

        With certificates, accept calls only from clients whose certificate the same authority signed.
        """
        await self.set_serving(is_serving=False)
        credentials = None if certificates is None else mutual_tls(certificates)
        try:
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            bound = self._server.add_secure_port(address, credentials) if credentials else self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise UnusablePort(f"Port {port} of {host} can't be listened on") from error
        await self._server.start()
        return bound

    @property
    def is_serving(self) -> bool:
        """Whether the health service says SERVING."""
        return self._is_serving

    async def set_serving(self, *, is_serving: bool) -> None:
        self._is_serving = is_serving
        status = health_pb2.HealthCheckResponse.SERVING if is_serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in ("", *SERVICES):
            await self._health.set(service, status)

    async def drain(self) -> None:
        """Tell load balancers by the health service to send no new calls. Calls that still come are served."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace_seconds: float) -> list[str]:
        """Reject new calls, let those in flight finish within the grace, end the rest. Return the methods of those that were ended."""
        stopping = asyncio.create_task(self._server.stop(grace_seconds))
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                await self._calls.wait_until_idle()
        open_methods = self._calls.methods
        with suppress(TimeoutError):
            async with asyncio.timeout(STANDING_SECONDS):
                await asyncio.shield(stopping)
        # The rest is over time, or a health watch, which would hold the server for the whole grace.
        await self._server.stop(None)
        await stopping
        return open_methods
