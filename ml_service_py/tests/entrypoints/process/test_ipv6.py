"""Both ports of a service can listen on an IPv6 address, as its settings allow."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import grpc
import httpx
import pytest
from fastapi import FastAPI
from grpc_driver import GrpcDriver

from ml_service.entrypoints.ops.server import OpsAddress, serve_ops
from ml_service.entrypoints.process.runtime import Stopping

if TYPE_CHECKING:
    from ml_service.entrypoints.grpc.server import GrpcServer


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


async def ask_for_health(address: str) -> str:
    async with grpc.aio.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        return await GrpcDriver(channel).health()


pytestmark = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize(("host", "asked"), [("::1", ["[::1]"]), ("::", ["[::1]", "127.0.0.1"])])
async def test_grpc_is_served_on_an_ipv6_address(server: GrpcServer, host: str, asked: list[str]) -> None:
    port = await server.start(host, 0)
    answers = [await ask_for_health(f"{address}:{port}") for address in asked]
    await server.stop(0.1)

    assert answers == ["NOT_SERVING"] * len(asked)


@pytest.mark.parametrize(("host", "asked"), [("::1", ["[::1]"]), ("::", ["[::1]", "127.0.0.1"])])
async def test_the_http_for_operators_is_served_on_an_ipv6_address(host: str, asked: list[str]) -> None:
    app = FastAPI()
    app.get("/healthz")(lambda: "alive")

    async with serve_ops(app, OpsAddress(host, 0), Stopping()) as port, httpx.AsyncClient(trust_env=False) as client:
        answers = [await client.get(f"http://{address}:{port}/healthz") for address in asked]

    assert [answer.status_code for answer in answers] == [200] * len(asked)
