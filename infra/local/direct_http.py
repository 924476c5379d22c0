"""HTTP to our own services, which never goes through a proxy, whatever the environment says."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Iterator

_opener = build_opener(ProxyHandler({}))


def get_status(url: str, *, within: float) -> int:
    """Return the status of a success. All functions here raise OSError for any other answer, and where nothing answers."""
    with _opened(Request(url), within) as answer:  # noqa: S310  it is one of ours
        return answer.status


def get_json(url: str, token: str, *, within: float) -> Any:
    return _json(Request(url, headers={"authorization": f"Bearer {token}"}), within)  # noqa: S310  it is one of ours


def post_json(url: str, body: Any, *, within: float) -> Any:
    return _json(Request(url, json.dumps(body).encode(), {"content-type": "application/json"}), within)  # noqa: S310  it is one of ours


def _json(request: Request, within: float) -> Any:
    with _opened(request, within) as answer:
        return json.load(answer)


@contextmanager
def _opened(request: Request, within: float) -> Iterator[HTTPResponse]:
    try:
        with _opener.open(request, timeout=within) as answer:
            yield answer
    except (HTTPException, ValueError) as error:
        # An answer that was cut off, or one of a program that isn't ours.
        raise OSError(f"{request.full_url} gives no usable answer ({error!r})") from error
