"""Signs the requests of tests in, each with an identity that may send it."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import httpx

from harness import plain_http

if TYPE_CHECKING:
    from collections.abc import Generator

#: Settings of a gateway that signs any caller in and has no rate limits that a test run could reach.
OPEN_GATEWAY = {
    "GATEWAY_DEMO": "true",
    "GATEWAY_SESSION_SECONDS": "86400",
    "GATEWAY_IDENTITY_REQUESTS_PER_MINUTE": "1000000000",
    "GATEWAY_ADDRESS_REQUESTS_PER_MINUTE": "1000000000",
    "GATEWAY_SOCKETS_PER_IDENTITY": "1000000000",
    "GATEWAY_SOCKET_FRAMES_PER_MINUTE": "1000000000",
}
#: A container's port for operators is open to its whole network, so it requires this token.
OPS_TOKEN = secrets.token_hex(16)
OPERATOR = {"Authorization": f"Bearer {OPS_TOKEN}"}
TIMEOUT_SECONDS = 5
NOBODY = "nobody"
MAX_LENGTH = 200


class SignIn(httpx.Auth):
    """Holds a session for each identity. A request with an interaction is sent by its user, any other request by the operator."""

    requires_request_body = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._tokens: dict[str | None, str] = {}

    def token(self, user_id: str | None = None) -> str:
        """Return the token of the user, or of the operator if no user is named."""
        if user_id not in self._tokens:
            body = {"role": "operator"} if user_id is None else {"userId": user_id}
            answer = plain_http.post(f"{self._url}/v1/sessions", timeout=TIMEOUT_SECONDS, json=body).raise_for_status()
            self._tokens[user_id] = answer.json()["token"]
        return self._tokens[user_id]

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        user_id = _sender(request.content) if request.url.path == "/v1/interactions" else None
        request.headers["Authorization"] = f"Bearer {self.token(user_id)}"
        yield request


def _sender(body: bytes) -> str:
    """Return the user who sends this interaction. For an invalid body, any user will do."""
    try:
        user_id = json.loads(body)["userId"]
    except (ValueError, LookupError, TypeError):
        return NOBODY
    return user_id if isinstance(user_id, str) and user_id.isprintable() and 0 < len(user_id) <= MAX_LENGTH else NOBODY
