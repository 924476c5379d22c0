"""The service in bare WSGI, for gunicorn's pool of threads: `gunicorn benchmarks.lab.http.wsgi_app:app --worker-class gthread --threads 8`.

An idle connection waits without a thread.
"""

import json
import time
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs


def app(environ: dict[str, str], start_response: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    body = json.dumps(_get_item(environ) if environ["PATH_INFO"].startswith("/items/") else {}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _get_item(environ: dict[str, str]) -> dict[str, object]:
    item_id, wait_ms = int(environ["PATH_INFO"].removeprefix("/items/")), int(parse_qs(environ["QUERY_STRING"]).get("waitMs", ["0"])[0])
    if wait_ms > 0:
        time.sleep(wait_ms / 1000)
    return {"id": item_id, "name": f"Item {item_id}", "price": 9.5}
