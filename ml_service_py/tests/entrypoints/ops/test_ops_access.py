"""Access to the HTTP for operators: open on a loopback port without a token, else for callers with the token."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr

from ml_service.entrypoints.ops.access import install_access
from ml_service.entrypoints.ops.api import build_ops_api
from ml_service.entrypoints.ops.server import OpsAddress, serve_ops
from ml_service.entrypoints.process.runtime import Readiness, Stopping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from ml_service.entrypoints.ops.metrics import Metrics
    from ml_service.handlers.live_state import LiveState
    from ml_service.handlers.models import Models

TOKEN = "a token of operators"
LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"
PROTECTED = ["/metrics", "/models", "/explain/even", "/docs", "/openapi.json", "/nope"]


@pytest.fixture
def app(live: LiveState, models: Models, metrics: Metrics) -> FastAPI:
    return build_ops_api(live, models, metrics, Readiness({}), {})


@asynccontextmanager
async def served(app: FastAPI, host: str, token: str | None) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serve_ops(app, OpsAddress(host, 0, SecretStr(token) if token else None), Stopping()) as port,
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", trust_env=False) as client,
    ):
        yield client


async def status(client: httpx.AsyncClient, path: str, authorization: str = "") -> int:
    answer = await client.get(path, headers={"authorization": authorization.encode()})
    return answer.status_code


@pytest.mark.parametrize("authorization", ["", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ü"])
async def test_without_the_token_every_path_is_closed(app: FastAPI, authorization: str) -> None:
    async with served(app, LOOPBACK, TOKEN) as client:
        statuses = [await status(client, path, authorization) for path in PROTECTED]

    assert statuses == [401] * len(PROTECTED)


async def test_the_token_opens_every_path(app: FastAPI) -> None:
    async with served(app, LOOPBACK, TOKEN) as client:
        statuses = [await status(client, path, f"Bearer {TOKEN}") for path in PROTECTED]

    assert statuses == [200, 200, 200, 200, 200, 404]


@pytest.mark.parametrize(("host", "token"), [(LOOPBACK, TOKEN), (EVERYWHERE, None), (EVERYWHERE, TOKEN)])
async def test_probes_need_no_token(app: FastAPI, host: str, token: str | None) -> None:
    async with served(app, host, token) as client:
        assert [await status(client, path) for path in ("/healthz", "/readyz")] == [200, 200]


@pytest.mark.parametrize("authorization", ["", "Bearer None"])
async def test_without_a_configured_token_only_a_loopback_port_is_open(app: FastAPI, authorization: str) -> None:
    async with served(app, EVERYWHERE, None) as client:
        statuses = [await status(client, path, authorization) for path in PROTECTED]

    assert statuses == [401] * len(PROTECTED)


@pytest.mark.parametrize("path", ["/health%09z", "/healthz%0A", "/healthz%3F/models", "/models%3F/healthz", "//healthz", "/healthz/"])
@pytest.mark.parametrize("host", [LOOPBACK, f"{LOOPBACK}/healthz?", f"{LOOPBACK}/healthz#", "[::1]/readyz?"])
async def test_a_path_that_only_looks_like_a_probe_needs_the_token(app: FastAPI, path: str, host: str) -> None:
    install_access(app, EVERYWHERE, TOKEN)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{LOOPBACK}") as client:
        answer = await client.get(path, headers={"host": host})

    assert answer.status_code == httpx.codes.UNAUTHORIZED


async def test_an_ops_port_checks_the_host_before_the_token(app: FastAPI) -> None:
    async with served(app, LOOPBACK, None) as client:
        answer = await client.get("/explain/even", headers={"host": "evil.example"})

    assert answer.status_code == httpx.codes.MISDIRECTED_REQUEST
