"""The gateway and the operators' HTTP answer the same error with the same problem: status, headers and body."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

from harness.stack import node
from ml_service.entrypoints.ops.problem import install_problems
from ml_service.errors import error_of
from whynotboth.v1.error_reasons import ERROR_REASONS

if TYPE_CHECKING:
    from pathlib import Path

    from whynotboth.v1.error_reasons import Reason

#: Every reason with the contract's sentences and with a detail of its own, a bug, an unknown route and a query that isn't valid.
PATHS = [
    *(f"/v1/failures/{reason}" for reason in ERROR_REASONS),
    "/v1/failures/USER_UNKNOWN?detail=No%20user%20%C3%A9.",
    "/v1/bugs/1?token=secret",
    "/v1/nothing/%C3%A9?token=secret",
    "/v1/lists?pageSize=many",
]
HEADERS = ("content-type", "cache-control", "x-content-type-options", "x-request-id", "retry-after", "www-authenticate")
GATEWAY = """
import Fastify from 'fastify'
import { AppError } from './src/errors.ts'
import { problemPlugin } from './src/http/problem.ts'

const app = Fastify({ genReqId: () => 'r-1' })
await app.register(problemPlugin)
app.get('/v1/failures/:reason', ({ params, query }) => { throw new AppError(params.reason, query.detail) })
app.get('/v1/bugs/:id', () => { throw new TypeError('A secret.') })
const pageSize = { type: 'integer' }
app.get('/v1/lists', { schema: { querystring: { type: 'object', properties: { pageSize } } } }, () => 'listed')
const answers = []
for (const path of JSON.parse(process.argv[1])) {
  const { statusCode, headers, body } = await app.inject(path)
  answers.push([path, [statusCode, headers, JSON.parse(body)]])
}
console.log(JSON.stringify(Object.fromEntries(answers)))
"""

Answer = tuple[int, dict[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def of_gateway(root: Path) -> dict[str, Answer]:
    command = [node(), "--input-type=module", "--eval", GATEWAY, json.dumps(PATHS)]
    ended = subprocess.run(command, cwd=root / "gateway_node", capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return {path: comparable(*answer) for path, answer in json.loads(ended.stdout).items()}


@pytest.fixture(scope="module")
def of_operators_http() -> dict[str, Answer]:
    return asyncio.run(ask_operators_http())


async def ask_operators_http() -> dict[str, Answer]:
    app = FastAPI()
    install_problems(app)

    @app.get("/v1/failures/{reason}")
    async def fail(reason: str, detail: str = "") -> None:
        raise error_of(reason, detail)

    @app.get("/v1/bugs/{bug_id}")
    async def have_a_bug(bug_id: str) -> None:
        raise TypeError("A secret.")

    @app.get("/v1/lists")
    async def show(pageSize: int) -> None:
        pass

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ops", headers={"x-request-id": "r-1"}) as client:
        answers = [await client.get(path) for path in PATHS]
    return {path: comparable(got.status_code, got.headers, got.json()) for path, got in zip(PATHS, answers, strict=True)}


def comparable(status: int, headers: dict[str, str] | httpx.Headers, body: dict[str, Any]) -> Answer:
    """Return what must be equal. Each language's validator has its own words for what is wrong with a field."""
    fields = [{**field, "detail": "in the words of the validator"} for field in body.get("errors", [])]
    return status, {name: headers[name] for name in HEADERS if name in headers}, {**body, **({"errors": fields} if fields else {})}


@pytest.mark.parametrize("path", PATHS)
def test_an_error_is_the_same_problem_in_both_languages(
    path: str, of_gateway: dict[str, Answer], of_operators_http: dict[str, Answer]
) -> None:
    assert of_operators_http[path] == of_gateway[path]


@pytest.mark.parametrize("reason", ERROR_REASONS)
def test_a_problem_says_what_the_contract_says(reason: Reason, of_gateway: dict[str, Answer]) -> None:
    status, headers, body = of_gateway[f"/v1/failures/{reason}"]

    rule = ERROR_REASONS[reason]
    assert (status, body["status"], body["type"], body["title"]) == (rule.http_status, rule.http_status, rule.type, rule.title)
    assert (body["reason"], body["detail"], body["instance"]) == (reason, rule.detail, f"/v1/failures/{reason}")
    assert ("retry-after" in headers) == rule.retryable


def test_a_problem_repeats_no_query(of_gateway: dict[str, Answer]) -> None:
    assert [body["instance"] for _, _, body in of_gateway.values()][-4:] == [
        "/v1/failures/USER_UNKNOWN",
        "/v1/bugs/1",
        "/v1/nothing/%C3%A9",
        "/v1/lists",
    ]
