"""The speed goals in one table: the wanted value, and the alarm at which `make bench-check` fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.figures import Series, Spread, ratios

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GATEWAY = "gateway"
BARE_LIMIT = "limit: the same bytes from memory"
LIMIT = "limit with our hooks"
FASTAPI = "FastAPI, model in process"
FASTAPI_THREADS = "FastAPI, in threads"
HYBRID_AIO = "one RPC a request, grpc.aio"
HYBRID_THREADS = "one RPC a request, thread pool"
BARE_CALL = "empty unary call"
BARE_PUBLISHER = "bare publisher"
BARE_SOCKETS = "bare ws"
CROWDED = "gateway with the sockets"
BARE_CONSUMER = "bare consumer"


@dataclass(frozen=True, slots=True)
class Goal:
    """A wanted value of a gateway's figure, or of its ratio to another contender's figure."""

    name: str
    series: str
    figure: str
    #: The other contender of the ratio. None: the goal is about the figure itself.
    against: str | None
    #: The least value, or the most if `is_at_most`.
    wanted: float
    #: Beyond this value the speed has fallen, however busy the machine is. None: the figure depends on the machine, so there is no alarm.
    alarm: float | None
    is_at_most: bool = False
    contender: str = GATEWAY

    def is_met_by(self, value: float) -> bool:
        return value <= self.wanted if self.is_at_most else value >= self.wanted

    def is_alarmed_by(self, value: float) -> bool:
        if self.alarm is None:
            return False
        return value > self.alarm if self.is_at_most else value < self.alarm


GOALS = (
    Goal("Ask, cache off: requests/s, times the hybrid's", "ask", "per_second", HYBRID_AIO, 8, 2.5),
    Goal("Ask, cache off: requests/s, times FastAPI's", "ask", "per_second", FASTAPI, 7, 2),
    Goal("Ask, cache off: requests/s, part of the limit", "ask", "per_second", BARE_LIMIT, 0.30, 0.08),
    Goal("Ask, cache off: p99, part of FastAPI's", "ask", "p99_ms", FASTAPI, 0.5, 1.5, is_at_most=True),
    Goal("Ask, cache off: p99, part of FastAPI's in threads", "ask", "p99_ms", FASTAPI_THREADS, 0.5, 1.5, is_at_most=True),
    Goal("Ask, cached, 1 % writes: part of the limit with hooks", "cached", "per_second", LIMIT, 0.80, 0.15),
    Goal("Ask, cached, 1 % writes: part of the bare limit", "cached", "per_second", BARE_LIMIT, 0.60, 0.08),
    Goal("Ask, one at a time: p50, times an empty call's", "one", "p50_ms", BARE_CALL, 1.5, 10, is_at_most=True),
    Goal("Tell: interactions/s, part of the bare publisher's", "tell", "per_second", BARE_PUBLISHER, 0.15, 0.04),
    Goal("Rating to pushed list: p50, ms", "push", "p50_ms", None, 15, None, is_at_most=True),
    Goal("Rating to pushed list: p99, ms", "push", "p99_ms", None, 60, None, is_at_most=True),
    Goal("Fan-out: events/s to all sockets, part of bare ws", "sockets", "events_per_second", BARE_SOCKETS, 0.8, 0.25),
    Goal("Memory per idle socket, times bare ws", "sockets", "kb_per_socket", BARE_SOCKETS, 2, 4, is_at_most=True),
    Goal("Ask beside the sockets: p99, times that without", "crowd", "p99_ms", GATEWAY, 2, None, is_at_most=True, contender=CROWDED),
    Goal("Empty job, 202 to succeeded: p50, ms", "job", "p50_ms", None, 40, None, is_at_most=True),
    Goal("Queued empty jobs: jobs/s, part of the bare consumer's", "drain", "per_second", BARE_CONSUMER, 0.25, 0.005),
    Goal("`make demo`, warm: s", "weight", "demo_seconds", None, 10, None, is_at_most=True),
    Goal("Native stack at rest: MB", "weight", "rest_mb", None, 700, None, is_at_most=True),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    goal: Goal
    spread: Spread

    @property
    def is_met(self) -> bool:
        return self.goal.is_met_by(self.spread.median)

    @property
    def is_alarming(self) -> bool:
        """Compare the best round with the alarm: noise makes a round worse, never better."""
        return self.goal.is_alarmed_by(self.spread.low if self.goal.is_at_most else self.spread.high)


def judge(measured: Sequence[Series]) -> list[Verdict]:
    """Return a verdict for each goal that was measured."""
    series = {one.name: one for one in measured}
    found = ((goal, _values(goal, series)) for goal in GOALS)
    return [Verdict(goal, Spread.of(values)) for goal, values in found if values]


def _values(goal: Goal, series: Mapping[str, Series]) -> list[float]:
    measured = series.get(goal.series)
    if measured is None:
        return []
    if goal.against is None:
        return measured.values(goal.contender, goal.figure)
    return ratios(measured, goal.figure, goal.contender, goal.against)
