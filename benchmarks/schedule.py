"""Fit a run into its time on any machine: each series gets a share, and on a slow machine it makes fewer rounds and shorter turns."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: The seconds of each series in a whole run, on the machine that docs/explanation/performance.md names.
SHARES = {
    "ask": 110,
    "rates": 75,
    "one": 24,
    "cached": 40,
    "tell": 40,
    "push": 25,
    "sockets": 110,
    "crowd": 40,
    "job": 15,
    "drain": 70,
    "weight": 50,
}
SHORTEST_TURN_SECONDS = 1


class OutOfTime(Exception):
    """The run has taken much longer than its limit, although parts were left out."""


class Schedule:
    """The time budget of a run, and the list of parts that were left out. A quick series leaves its remaining time to the next ones."""

    def __init__(self, seconds: float, names: list[str], say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        """`names` are the series to measure, in their order."""
        self._clock = clock
        self._say = say
        self._seconds = seconds
        self._waiting = names
        self._name = ""
        self.left_out: list[str] = []
        self.start()

    def start(self) -> None:
        """Start the clock again, so that the time of installing and training doesn't count."""
        self._ends = self._run_ends = self._clock() + self._seconds

    def begin(self, name: str, title: str) -> None:
        """Print the series' title, and give it its share of the remaining time."""
        self._say(title)
        self._name = name
        shares = [SHARES[waiting] for waiting in self._waiting]
        part = SHARES[name] / sum(shares) if name in self._waiting else 0
        self._ends = self._clock() + max(self._run_ends - self._clock(), 0) * part
        self._waiting = [waiting for waiting in self._waiting if waiting != name]

    def turn_seconds(self, wanted: int, turns: int) -> int:
        """Return the seconds of each turn: `wanted`, or fewer if that many turns don't fit into the series' share."""
        affordable = max(int((self._ends - self._clock()) / turns), SHORTEST_TURN_SECONDS)
        if affordable < wanted:
            self.leave_out(f"turns of {wanted} s, shortened to {affordable} s")
        return min(wanted, affordable)

    def has_time(self, seconds: float) -> bool:
        """Return whether the series has at least `seconds` left."""
        return self._clock() + seconds <= self._ends

    def has_time_for_another(self) -> bool:
        """Return whether the run's time isn't over yet, so that one more scenario may start."""
        return self._clock() < self._run_ends

    def leave_out_the_rest(self) -> None:
        """Record that the time ended during this series, and which series would have followed."""
        self.leave_out(f"the rest of this series, because the time was over; then {', '.join(self._waiting) or 'nothing'}")

    def leave_out(self, what: str) -> None:
        self.left_out.append(f"{self._name}: {what}" if self._name else what)
        self._say(f"  left out, because this machine is slow: {what}")
