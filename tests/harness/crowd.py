"""Clients on threads of their own that repeat the same requests until they are stopped."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Self


class Crowd(ABC):
    """Clients that run while a `with` block does."""

    def __init__(self, size: int, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(size)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Return when each request in flight has its answer. A second call does nothing."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _is_stopped_after_pause(self) -> bool:
        return self._stop.wait(self._pause_seconds)

    @abstractmethod
    def _run(self, number: int) -> None:
        """Run the client with this number until `_is_stopped_after_pause` is true."""
