"""The interceptor of every gRPC method: it turns errors into statuses, the only place that does so, and counts and times the calls."""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Tally
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from ml_service.errors import Internal, InvalidArgument, ServiceError
from whynotboth.v1.error_reasons import DOMAIN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ml_service.entrypoints.ops.metrics import Metrics

    Context = grpc.aio.ServicerContext[Any, Any]

log = structlog.get_logger()

PACKAGE = "/whynotboth.v1."
#: The standard services. Their calls stay open until the server stops, and do no work.
STANDING = ("/grpc.health.v1.Health/", "/grpc.reflection.")


def to_status(error: ServiceError) -> grpc.Status:
    """Return an error as gRPC sends it: the status of its kind, with one ErrorInfo."""
    code = grpc.StatusCode[error.kind]
    status = Status(code=code.value[0], message=error.detail)
    status.details.add().Pack(ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata))
    return rpc_status.to_status(status)


class CallsInFlight:
    """The calls that are served now, by method."""

    def __init__(self) -> None:
        self._methods: Tally[str] = Tally()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def methods(self) -> list[str]:
        return sorted((+self._methods).elements())

    def begin(self, method: str) -> None:
        self._methods[method] += 1
        self._idle.clear()

    def end(self, method: str) -> None:
        self._methods[method] -= 1
        if not +self._methods:
            self._idle.set()

    async def wait_until_idle(self) -> None:
        await self._idle.wait()


class ServiceInterceptor(grpc.aio.ServerInterceptor):
    """Wraps unary and response-streaming methods. It leaves the standard services alone."""

    def __init__(self, calls: CallsInFlight, metrics: Metrics) -> None:
        self._calls = calls
        self._metrics = metrics

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(STANDING):
            return handler
        method = handler_call_details.method.removeprefix(PACKAGE)
        _bind_ids(handler_call_details)
        # The handlers below get the request's bytes and decode them: grpcio itself would answer UNKNOWN to bytes that it can't decode.
        if handler.response_streaming:
            served = self._stream(handler, method)
            return grpc.unary_stream_rpc_method_handler(served, response_serializer=handler.response_serializer)
        return grpc.unary_unary_rpc_method_handler(self._unary(handler, method), response_serializer=handler.response_serializer)

    def _unary(self, handler: Any, method: str) -> Any:
        async def served(body: bytes, context: Context) -> Any:
            async with self._around(method, context):
                return await handler.unary_unary(_decode(handler, body), context)

        return served

    def _stream(self, handler: Any, method: str) -> Any:
        async def served(body: bytes, context: Context) -> AsyncIterator[Any]:
            # Close the generator here: a call counts as in flight until it has released its resources.
            async with self._around(method, context), aclosing(handler.unary_stream(_decode(handler, body), context)) as parts:
                async for part in parts:
                    yield part

        return served

    @asynccontextmanager
    async def _around(self, method: str, context: Context) -> AsyncIterator[None]:
        started = time.perf_counter()
        self._calls.begin(method)
        outcome = grpc.StatusCode.CANCELLED.name
        try:
            yield
            outcome = grpc.StatusCode.OK.name
        except grpc.aio.AbortError:
            outcome = context.code().name
            raise
        except ServiceError as error:
            outcome = error.kind
            await context.abort_with_status(to_status(error))
        except Exception:  # A bug of this service. The caller gets no detail of it; the log has the stack.
            outcome = Internal.kind
            log.exception("call failed")
            await context.abort_with_status(to_status(Internal("INTERNAL")))
        finally:
            self._calls.end(method)
            self._metrics.observe_call(method, outcome, time.perf_counter() - started)


def _decode(handler: Any, body: bytes) -> Any:
    try:
        return handler.request_deserializer(body)
    except DecodeError as error:
        raise InvalidArgument(
            "BODY_MALFORMED", f"The request can't be decoded as the method's message: {error}. Correct the caller."
        ) from error


def _bind_ids(details: grpc.HandlerCallDetails) -> None:
    """Add the caller's ids to each log row of this call. A call has a log context of its own."""
    metadata = {str(key): value for key, value in details.invocation_metadata or ()}
    ids = {"request_id": metadata.get("x-request-id"), "traceparent": metadata.get("traceparent")}
    structlog.contextvars.bind_contextvars(method=details.method, **{name: value for name, value in ids.items() if value})
