"""A request to end the command. Ctrl-C, SIGTERM and a closed terminal raise the same exception in the main thread."""

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(BaseException):
    """No error: the person, or the system, asked the command to end."""


class StopSignals:
    """Raise StopAsked at the first signal. Only count the later ones, so that they don't interrupt the stopping."""

    def __init__(self) -> None:
        self.count = 0

    def listen(self) -> None:
        for signum in SIGNALS:
            signal.signal(signum, self._note)

    def _note(self, _signum: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 1:
            raise StopAsked
