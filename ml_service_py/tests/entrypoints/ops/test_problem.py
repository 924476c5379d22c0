"""A refusal of the framework becomes a problem and keeps its status."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from ml_service.entrypoints.ops.problem import install_problems


async def problem_of(error: Exception) -> tuple[dict[str, Any], httpx.Headers]:
    """Return the answer of a route that raises this error."""
    app = FastAPI()
    install_problems(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://ops") as client:
        answer = await client.get("/")
    problem: dict[str, Any] = answer.json()
    assert (answer.headers["content-type"], problem["status"]) == ("application/problem+json", answer.status_code)
    return problem, answer.headers


@pytest.mark.parametrize(
    ("status", "title", "reason"),
    [
        (400, "Bad Request", "REQUEST_INVALID"),
        (401, "Unauthorized", "TOKEN_INVALID"),
        (403, "Forbidden", "ACCESS_DENIED"),
        (404, "Not Found", "ROUTE_UNKNOWN"),
        (405, "Method Not Allowed", "ROUTE_UNKNOWN"),
        (409, "Conflict", "REQUEST_INVALID"),
        (429, "Too Many Requests", "RATE_EXCEEDED"),
        (499, "Error", "REQUEST_INVALID"),
        (503, "Service Unavailable", "INTERNAL"),
    ],
)
async def test_a_refusal_keeps_its_status_and_its_detail(status: int, title: str, reason: str) -> None:
    problem, _ = await problem_of(HTTPException(status, "Why."))

    assert (problem["status"], problem["title"], problem["reason"], problem["detail"]) == (status, title, reason, "Why.")


async def test_a_refusal_keeps_its_headers() -> None:
    _, headers = await problem_of(HTTPException(429, "Later.", headers={"Retry-After": "7"}))

    assert headers["retry-after"] == "7"
