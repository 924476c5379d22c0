"""The size of a run: rounds, seconds, rates and counts. Each limits the load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    #: Each contender has one turn in each round.
    rounds: int
    turn_seconds: int
    #: Closed-loop clients, each with one request in flight.
    connections: int
    #: Requests a second of the open loop.
    rates: tuple[int, ...]
    rate_seconds: int
    rate_rounds: int
    push_seconds: int
    sockets: int
    socket_rounds: int
    #: Events that one turn sends to all sockets.
    events: int
    #: Sockets that one gateway holds while it answers requests.
    crowd: int
    #: Empty jobs that are started one after the other.
    jobs: int
    #: Empty jobs that wait when the worker starts.
    queued_jobs: int
    #: The run's time limit.
    limit_seconds: int


PUSHED_RATINGS_PER_SECOND = 200
CROWD_ASKS_PER_SECOND = 500

FULL = Plan(
    rounds=3,
    turn_seconds=3,
    connections=64,
    rates=(500, 2000, 4000),
    rate_seconds=2,
    rate_rounds=2,
    push_seconds=8,
    sockets=5000,
    socket_rounds=3,
    events=10,
    crowd=10_000,
    jobs=50,
    queued_jobs=1000,
    limit_seconds=600,
)
SHORT = Plan(
    rounds=2,
    turn_seconds=1,
    connections=64,
    rates=(250,),
    rate_seconds=2,
    rate_rounds=1,
    push_seconds=2,
    sockets=1000,
    socket_rounds=1,
    events=5,
    crowd=1000,
    jobs=10,
    queued_jobs=100,
    limit_seconds=400,
)
