"""The permissions of all routes in the OpenAPI document. The test reads the routes from there, so it covers new ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness import plain_http
from harness.live import live_socket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.gateway import GatewayDriver
    from harness.stack import Stack

#: The gateway checks the permission before it looks for a film, a job or a version.
NOTHING = "no-such-thing"
REFUSED = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
METHODS = {"get", "put", "post", "patch", "delete"}

Caller = str


def operations(gateway: GatewayDriver) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, path and description of each operation. A GET stands for HEAD too."""
    for path, described in gateway.get("/openapi.json")["paths"].items():
        for method in METHODS & described.keys():
            yield method.upper(), path, described[method]
            if method == "get" and path != "/v1/live":
                yield "HEAD", path, described[method]


def expected(caller: Caller, access: list[str]) -> int | None:
    """Return the status of the expected refusal. None where the caller has the permission."""
    may = {"anyone", *({"signed-in"} if caller != "nobody" else ()), caller}
    if may & set(access):
        return None
    return httpx.codes.UNAUTHORIZED if caller == "nobody" else httpx.codes.FORBIDDEN


def send(gateway: GatewayDriver, method: str, path: str, owner: str, token: str | None) -> int:
    url = re.sub(r"\{\w+\}", NOTHING, path.replace("{userId}", owner))
    body = {"userId": owner, "itemId": NOTHING, "rating": 4} if method == "POST" else None
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.request(method, gateway.url + url, json=body, headers=headers, timeout=15, trust_env=False).status_code


@pytest.mark.parametrize("caller", ["nobody", "owner", "stranger", "operator"])
def test_every_route_accepts_exactly_the_callers_that_the_contract_names(gateway: GatewayDriver, user_id: str, caller: Caller) -> None:
    users = {"owner": user_id, "stranger": f"not-{user_id}", "operator": None}
    token = None if caller == "nobody" else gateway.sign_in.token(users[caller])
    found = list(operations(gateway))

    answers = {(method, path): send(gateway, method, path, user_id, token) for method, path, _ in found}

    refusals = {operation: status if status in REFUSED else None for operation, status in answers.items()}
    assert refusals == {(method, path): expected(caller, described["x-access"]) for method, path, described in found}


def documented(page: Path, heading: str) -> dict[str, str]:
    section = page.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(.+?)` \| (.+?) \|$", section, re.MULTILINE))


def test_the_page_and_the_contract_name_the_same_callers(gateway: GatewayDriver, root: Path) -> None:
    page = root / "docs" / "reference" / "identity.md"
    found = {f"{method} {path}": described for method, path, described in operations(gateway) if method != "HEAD"}

    routes = {route: "anyone" if "anyone" in who else who for route, who in documented(page, "Routes").items()}

    assert routes == {route: ", ".join(described["x-access"]) for route, described in found.items()}
    topics = found["GET /v1/live"]["x-topics"]
    assert documented(page, "Sockets") == {topic: ", ".join(access) for topic, access in topics.items()}


def test_gateways_accept_each_others_tokens(stack: Stack, gateway: GatewayDriver) -> None:
    other = stack.add_gateway()
    stack.gateways[-1].restart()

    answer = plain_http.get(f"{other.url}/v1/stats", timeout=15, headers={"Authorization": f"Bearer {gateway.sign_in.token()}"})

    assert answer.json()["gateway"] == stack.gateways[-1].name


def test_a_refusal_says_how_to_sign_in(gateway: GatewayDriver) -> None:
    refused = plain_http.get(f"{gateway.url}/v1/stats", timeout=15, headers={"Authorization": "Bearer a.b.c"})

    assert (refused.status_code, refused.json()["reason"]) == (401, "TOKEN_INVALID")
    assert refused.headers["www-authenticate"] == "Bearer"


def test_a_viewer_can_not_subscribe_to_other_users_topics(gateway: GatewayDriver, user_id: str) -> None:
    with gateway.live(user_id) as socket:
        for topic in (f"users/not-{user_id}/recommendations", "jobs", "activity"):
            socket.send({"type": "subscribe", "topic": topic, "id": topic})

            assert socket.reply_to(topic, within=5)["reason"] == "ACCESS_DENIED"


def test_a_socket_with_a_wrong_token_is_closed(gateway: GatewayDriver) -> None:
    token = f"{gateway.sign_in.token()[:-8]}AAAAAAAA"

    with pytest.raises(Exception, match="1008"), live_socket(gateway.live_url, token):
        pass
