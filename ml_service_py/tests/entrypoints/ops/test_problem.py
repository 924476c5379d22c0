"""A request that FastAPI refuses is answered with a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from ml_service.entrypoints.ops.problem import install_problems
from whynotboth.v1.error_reasons import ERROR_REASONS

if TYPE_CHECKING:
    from whynotboth.v1.error_reasons import Reason


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
    ("status", "reason"),
    [
        (400, "REQUEST_INVALID"),
        (401, "TOKEN_INVALID"),
        (403, "ACCESS_DENIED"),
        (404, "ROUTE_UNKNOWN"),
        (405, "ROUTE_UNKNOWN"),
        (409, "REQUEST_INVALID"),
        (429, "RATE_EXCEEDED"),
        (499, "REQUEST_INVALID"),
        (503, "INTERNAL"),
    ],
)
async def test_a_refusal_of_the_framework_has_a_reason_and_keeps_its_detail(status: int, reason: Reason) -> None:
    problem, _ = await problem_of(HTTPException(status, "Why."))

    rule = ERROR_REASONS[reason]
    assert (problem["reason"], problem["detail"]) == (reason, "Why.")
    assert (problem["status"], problem["title"]) == (rule.http_status, rule.title)


async def test_a_refusal_of_the_framework_keeps_its_headers() -> None:
    _, headers = await problem_of(HTTPException(429, "Later.", headers={"Retry-After": "7"}))

    assert headers["retry-after"] == "7"
