"""HTTP to our own services. It never goes through a proxy of the environment."""

import json
from http.client import HTTPException
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

_opener = build_opener(ProxyHandler({}))


def fetch(url: str, body: Any = None, *, token: str = "", within: float) -> Any:
    """Return the JSON of the answer. Post the body, if there is one. Raise OSError for every answer but a success, and for none."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = Request(url, None if body is None else json.dumps(body).encode(), headers)  # noqa: S310  it is one of ours
    try:
        with _opener.open(request, timeout=within) as answer:
            return json.load(answer)
    except (HTTPException, ValueError) as error:
        # The answer was cut off, or is one of another program.
        raise OSError(f"{url} gives no usable answer ({error!r})") from error
