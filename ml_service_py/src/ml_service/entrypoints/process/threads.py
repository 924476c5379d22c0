"""Notices a thread that ends by an error. Python prints it and goes on without that thread, and nothing else would notice."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def on_dead_thread(end: Callable[[str, BaseException | None], None]) -> None:
    """Call `end` with the name of each thread of this process that ends by an error, and with the error; on that thread."""

    def hook(dead: threading.ExceptHookArgs) -> None:
        end(dead.thread.name if dead.thread else "a thread", dead.exc_value)

    threading.excepthook = hook
