"""The one place that turns errors into HTTP answers: application/problem+json (RFC 9457), unknown routes included."""

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

from ml_service.errors import Internal, InvalidArgument, ServiceError, error_of

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

log = structlog.get_logger()

REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)

STATUSES = {
    "INVALID_ARGUMENT": HTTPStatus.BAD_REQUEST,
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "PERMISSION_DENIED": HTTPStatus.FORBIDDEN,
    "NOT_FOUND": HTTPStatus.NOT_FOUND,
    "ALREADY_EXISTS": HTTPStatus.CONFLICT,
    "RESOURCE_EXHAUSTED": HTTPStatus.TOO_MANY_REQUESTS,
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "DEADLINE_EXCEEDED": HTTPStatus.GATEWAY_TIMEOUT,
    "INTERNAL": HTTPStatus.INTERNAL_SERVER_ERROR,
}
#: Reasons for which HTTP has a status that is more exact than their kind's.
EXACT_STATUSES = {"HOST_REFUSED": HTTPStatus.MISDIRECTED_REQUEST}
#: The reason for each status of a refusal by FastAPI or Starlette, which keeps that status. Any other 4xx is REQUEST_INVALID.
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
    known, errors = _known(request, error)
    status, headers = EXACT_STATUSES.get(known.reason, STATUSES[known.kind]).value, {}
    if isinstance(error, HTTPException):
        status, headers = error.status_code, dict(error.headers or {})
    if known.retryable:
        headers.setdefault("Retry-After", "1")
    given = request.headers.get("x-request-id", "")
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": responses.get(status, "Error"),
        "status": status,
        "detail": known.detail,
        "instance": _path(request),
        "reason": known.reason,
        "requestId": given if REQUEST_ID.fullmatch(given) else str(uuid4()),
        "errors": errors,
    }
    if isinstance(known, Internal):
        log.error("request failed", path=_path(request), request_id=body["requestId"], exc_info=error)
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def _known(request: Request, error: Exception) -> tuple[ServiceError, list[dict[str, str]]]:
    if isinstance(error, ServiceError):
        return error, []
    if isinstance(error, RequestValidationError):
        errors = [{"field": ".".join(map(str, problem["loc"][1:])), "detail": problem["msg"]} for problem in error.errors()]
        return InvalidArgument("REQUEST_INVALID", "The request doesn't fit the contract. Mend the fields in `errors`."), errors
    if isinstance(error, HTTPException):
        return _refusal(request, error), []
    return Internal("INTERNAL", "The service failed. Report it with the request id."), []


def _refusal(request: Request, error: HTTPException) -> ServiceError:
    status, detail = error.status_code, str(error.detail)
    reason = REASONS.get(status, "INTERNAL" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "REQUEST_INVALID")
    if reason == "ROUTE_UNKNOWN" and detail == responses[status]:
        detail = f"No route has the method {request.method} and the path {_path(request)}. See /docs."
    return error_of(reason, detail)


def _path(request: Request) -> str:
    """Return the path that is routed. `request.url` isn't used: it is built from the caller's `Host` header."""
    return str(request.scope["path"])
