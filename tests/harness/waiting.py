"""Waits for a condition, never for a time."""

import threading
import time
from collections.abc import Callable
from typing import Literal, TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], T | Literal[False] | None], *, within: float, what: str = "", every: float = 0.05) -> T:
    """Calls `probe` until it gives something true, and gives that; `every` so many seconds.

    Errors that `probe` raises as AssertionError count as "not yet". Fails with the last one after `within` seconds.
    """
    deadline = time.monotonic() + within
    pause = threading.Event()
    last = ""
    while time.monotonic() < deadline:
        try:
            if found := probe():
                return found
        except AssertionError as error:
            last = f": {error}"
        pause.wait(every)
    raise AssertionError(f"not within {within} s: {what or probe}{last}")
