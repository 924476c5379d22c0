"""The one place that turns errors into HTTP answers: application/problem+json (RFC 9457), unknown routes included."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ml_service.errors import Internal, InvalidArgument, NotFound, ServiceError

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


def install_problems(app: FastAPI) -> None:
    app.add_exception_handler(ServiceError, render_problem)
    app.add_exception_handler(RequestValidationError, render_problem)
    app.add_exception_handler(HTTPException, render_problem)
    app.add_exception_handler(Exception, render_problem)


async def render_problem(request: Request, error: Exception) -> JSONResponse:
    known, errors = _known(request, error)
    status = STATUSES[known.kind]
    given = request.headers.get("x-request-id", "")
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": known.detail,
        "instance": request.url.path,
        "reason": known.reason,
        "requestId": given if REQUEST_ID.fullmatch(given) else str(uuid4()),
        "errors": errors,
    }
    if isinstance(known, Internal):
        log.error("request failed", path=request.url.path, request_id=body["requestId"], exc_info=error)
    headers = {"Retry-After": "1"} if known.retryable else None
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def _known(request: Request, error: Exception) -> tuple[ServiceError, list[dict[str, str]]]:
    if isinstance(error, ServiceError):
        return error, []
    if isinstance(error, RequestValidationError):
        errors = [{"field": ".".join(map(str, problem["loc"][1:])), "detail": problem["msg"]} for problem in error.errors()]
        return InvalidArgument("REQUEST_INVALID", "The request doesn't fit the contract. Mend the fields in `errors`."), errors
    if isinstance(error, HTTPException):
        detail = f"No route has the method {request.method} and the path {request.url.path}. See /docs."
        return NotFound("ROUTE_UNKNOWN", detail), []
    return Internal("INTERNAL", "The service failed. Report it with the request id."), []
