"""Waits for a condition, never for a fixed time."""

import threading
import time
from collections.abc import Callable
from typing import Literal, TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], T | Literal[False] | None], *, within: float, what: str = "", every: float = 0.05) -> T:
    """Call `probe` every `every` seconds until it returns something true. Return that.

    An AssertionError from `probe` means "not yet". After `within` seconds, fail with the last one.
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
