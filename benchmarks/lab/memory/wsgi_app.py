"""HTTP in WSGI, for gunicorn's pool of threads: an idle connection waits without a thread."""

from collections.abc import Callable, Iterable


def app(_environ: dict[str, object], start_response: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]
