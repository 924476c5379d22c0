"""HTTP to our own services, which never goes through a proxy, whatever the environment says."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

_open_directly = build_opener(ProxyHandler({})).open


def get_status(url: str, *, within: float) -> int:
    """Return the status of a success. Raises OSError for any other answer, and where nothing answers."""
    with _open_directly(url, timeout=within) as answer:
        return int(answer.status)


def get_json(url: str, token: str, *, within: float) -> Any:
    return _json(Request(url, headers={"authorization": f"Bearer {token}"}), within)  # noqa: S310  it is one of ours


def post_json(url: str, body: Any, *, within: float) -> Any:
    return _json(Request(url, json.dumps(body).encode(), {"content-type": "application/json"}), within)  # noqa: S310  it is one of ours


def _json(request: Request, within: float) -> Any:
    with _open_directly(request, timeout=within) as answer:
        return json.load(answer)
