"""How the command is asked to end: Ctrl-C, SIGTERM or a closed terminal raise the same exception in the main thread."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(BaseException):
    """Not an error: somebody wants the command to end."""


class StopSignals:
    """Raises StopAsked at the first signal. The later ones are counted only, so that the stopping itself isn't interrupted."""

    def __init__(self) -> None:
        self.count = 0

    def listen(self) -> None:
        for signum in SIGNALS:
            signal.signal(signum, self._note)

    def _note(self, _signum: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 1:
            raise StopAsked
