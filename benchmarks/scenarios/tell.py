"""Ratings: interactions per second while every reader of the log runs, and the time from a rating to the pushed list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import goals, traffic
from benchmarks.figures import Figures, Series
from benchmarks.loads import closed_loop, program, run
from benchmarks.plan import PUSHED_RATINGS_PER_SECOND
from benchmarks.rounds import interleave
from benchmarks.stand import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.stand import Stand

TRAFFIC_LINES = 20_000
WATCHED_USERS = 100


def measure(stand: Stand) -> Iterator[Series]:
    yield _tell(stand)
    yield _push(stand)


def _tell(stand: Stand) -> Series:
    plan, title = stand.plan, "Tell: each interaction confirmed, all readers of the log running"
    stand.schedule.begin("tell", title)
    rated = traffic.write_traffic(stand.file("ratings"), traffic.ratings(stand.users, stand.items, TRAFFIC_LINES), stand.sign_in)

    def gateway() -> Figures:
        figures = closed_loop(stand.stack.gateway.url, rated, plan.connections, plan.turn_seconds)
        stand.wait_until_read()
        return figures

    def publisher() -> Figures:
        arguments = (stand.amqp_url, str(DEFINITIONS), str(plan.connections), str(plan.turn_seconds))
        return run(program("contenders/publisher.ts", *arguments), plan.turn_seconds)

    turns = {goals.GATEWAY: gateway, goals.BARE_PUBLISHER: publisher}
    for turn in turns.values():
        turn()
    return Series("tell", title, interleave(turns, plan.rounds, stand.say, stand.schedule))


def _push(stand: Stand) -> Series:
    plan, title = stand.plan, f"From rating to pushed list at {PUSHED_RATINGS_PER_SECOND} ratings/s"
    stand.schedule.begin("push", title)
    watched = stand.users[:WATCHED_USERS]
    rated = traffic.write_traffic(stand.file("watched"), traffic.ratings(watched, stand.items, TRAFFIC_LINES), stand.sign_in)
    arguments = (stand.stack.gateway.url, str(rated), str(PUSHED_RATINGS_PER_SECOND), str(plan.push_seconds))

    def push() -> Figures:
        stand.wait_until_read()
        return run(program("load/push.ts", *arguments), plan.push_seconds)

    return Series("push", title, interleave({goals.GATEWAY: push}, plan.rate_rounds, stand.say, stand.schedule))
