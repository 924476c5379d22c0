"""The one place that turns errors into HTTP answers: application/problem+json (RFC 9457), as gateway_node/src/http/problem.ts does."""

from __future__ import annotations

import re
from http import HTTPStatus
from http.client import responses
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ml_service.errors import Internal, InvalidArgument, NotFound, ServiceError, Unauthenticated, error_of

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

log = structlog.get_logger()

REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
#: The reason for each status with which FastAPI or Starlette refuses a request. Any other 4xx is REQUEST_INVALID.
REASONS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "TOKEN_INVALID",
    HTTPStatus.FORBIDDEN: "ACCESS_DENIED",
    HTTPStatus.NOT_FOUND: "ROUTE_UNKNOWN",
    HTTPStatus.METHOD_NOT_ALLOWED: "ROUTE_UNKNOWN",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "BODY_TOO_LARGE",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "MEDIA_TYPE_UNSUPPORTED",
    HTTPStatus.TOO_MANY_REQUESTS: "RATE_EXCEEDED",
}


def install_problems(app: FastAPI) -> None:
    app.add_exception_handler(ServiceError, render_problem)
    app.add_exception_handler(RequestValidationError, render_problem)
    app.add_exception_handler(HTTPException, render_problem)
    app.add_exception_handler(Exception, render_problem)


async def render_problem(request: Request, error: Exception) -> JSONResponse:
    known = _to_service_error(request, error)
    given = request.headers.get("x-request-id", "")
    request_id = given if REQUEST_ID.fullmatch(given) else str(uuid4())
    body: dict[str, Any] = {
        "type": known.rule.type,
        "title": known.rule.title,
        "status": known.rule.http_status,
        "detail": known.detail,
        "instance": _path(request),
        "reason": known.reason,
        "requestId": request_id,
    }
    if isinstance(error, RequestValidationError):
        body["errors"] = [_field_error(**problem) for problem in error.errors()]
    if isinstance(known, Internal):
        log.error("request failed", path=_path(request), request_id=request_id, exc_info=error)
    headers = _headers(known, request_id)
    if isinstance(error, HTTPException):
        headers |= {name.lower(): value for name, value in (error.headers or {}).items()}
    return JSONResponse(body, known.rule.http_status, headers, media_type="application/problem+json")


def _headers(error: ServiceError, request_id: str) -> dict[str, str]:
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff", "x-request-id": request_id}
    if error.retryable:
        headers["retry-after"] = "1"
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return headers


def _to_service_error(request: Request, error: Exception) -> ServiceError:
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, RequestValidationError):
        part = error.errors()[0]["loc"][0]
        return InvalidArgument("REQUEST_INVALID", f"The {part} is not valid. Correct the fields in `errors`.")
    if isinstance(error, HTTPException):
        return _to_refusal(request, error)
    return Internal("INTERNAL")


def _to_refusal(request: Request, error: HTTPException) -> ServiceError:
    status, detail = error.status_code, str(error.detail)
    reason = REASONS.get(status, "INTERNAL" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "REQUEST_INVALID")
    if reason == "ROUTE_UNKNOWN" and detail == responses[status]:
        return NotFound("ROUTE_UNKNOWN", f"No route has the method {request.method} and the path {_path(request)}. See /openapi.json.")
    return error_of(reason, detail)


def _field_error(loc: tuple[int | str, ...], msg: str, **_: Any) -> dict[str, str]:
    """Return where the field is below its part of the request, as a JSON pointer, and what is wrong with it."""
    names = (str(name).replace("~", "~0").replace("/", "~1") for name in loc[1:])
    return {"pointer": "".join(f"/{name}" for name in names), "detail": msg}


def _path(request: Request) -> str:
    """Return the path as the caller sent it, without the query. `request.url` isn't used: it is built from the caller's `Host` header."""
    return bytes(request.scope["raw_path"]).decode("latin-1")
