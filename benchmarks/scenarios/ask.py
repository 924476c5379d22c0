"""Requests for recommendations: a different user with each request, the same in open loop, one request at a time, and with the cache."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks import goals, traffic
from benchmarks.contenders import processes
from benchmarks.figures import Series
from benchmarks.loads import closed_loop, open_loop, program, run
from benchmarks.rounds import LoadFailed, checked, describe, interleave, rotated
from benchmarks.stand import QUIET, running
from harness import plain_http

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.figures import Figures
    from benchmarks.rounds import Turn
    from benchmarks.stand import Stand
    from harness.sign_in import SignIn

#: Node and Python are faster once they have compiled or specialised their code. This is long enough for the slowest contender.
WARM_UP_SECONDS = 3
ONE_SECONDS = 2
WRITE_PART = 0.01
CACHED_REQUESTS = 20_000
#: Above this p99 a contender has fallen behind the rate. Higher rates would only measure its queue.
BEHIND_MS = 1000
COMPARED_USERS = 20
#: Each of these resembles another contender. Leaving them out saves time.
NOT_IN_OPEN_LOOP = {goals.LIMIT, goals.FASTAPI_THREADS}
FASTAPIS = {goals.FASTAPI: "app", goals.FASTAPI_THREADS: "threaded"}
HYBRIDS = {goals.HYBRID_AIO: "aio", goals.HYBRID_THREADS: "threads"}
ANSWER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Contenders:
    """The contenders' URLs by name."""

    uncached: Mapping[str, str]
    cached: Mapping[str, str]
    grpc_address: str


def measure(stand: Stand) -> Iterator[Series]:
    with ExitStack() as stack:
        contenders = _start(stand, stack)
        each_user = traffic.write_traffic(stand.file("each-user"), traffic.each_user_in_turn(stand.users), stand.sign_in)
        mixed = traffic.some_users_more(stand.users, stand.items, CACHED_REQUESTS, WRITE_PART)
        some_more = traffic.write_traffic(stand.file("some-more"), mixed, stand.sign_in)
        yield _closed("ask", "Ask, cache off: a different user with each request", contenders.uncached, each_user, stand)
        yield from _open(contenders.uncached, each_user, stand)
        yield _one_at_a_time(contenders, each_user, stand)
        yield _closed("cached", "Ask, cached: users by Zipf's law, 1 % writes", contenders.cached, some_more, stand)


def _start(stand: Stand, stack: ExitStack) -> Contenders:
    """Start all contenders at once: an idle one costs the others nothing."""
    stand.say("Starting the contenders")
    uncached = stand.uncached_gateway()
    fastapis = {name: processes.fastapi(app, stand.variables, stand.folder) for name, app in FASTAPIS.items()}
    hybrids = {name: processes.Hybrid(kind, stand.variables, stand.folder) for name, kind in HYBRIDS.items()}
    parts = [process for hybrid in hybrids.values() for process in hybrid.processes]
    stack.enter_context(running([uncached, *fastapis.values(), *parts]))
    ours = uncached.ready_url.partition("/v1/")[0]
    limits = _start_limits(_save_answers(ours, stand), stand, stack)
    alternatives = {name: fastapi.url for name, fastapi in fastapis.items()} | {name: hybrid.url for name, hybrid in hybrids.items()}
    contenders = Contenders(
        uncached={goals.GATEWAY: ours, **alternatives, **limits},
        cached={goals.GATEWAY: stand.stack.gateway.url, **limits},
        grpc_address=hybrids[goals.HYBRID_AIO].grpc_address,
    )
    _require_same_answers(contenders, stand.users[:COMPARED_USERS], stand.sign_in)
    return contenders


def _start_limits(answers: Path, stand: Stand, stack: ExitStack) -> dict[str, str]:
    variables = {**QUIET, **stand.stack.sign_in_settings}
    bare, hooked = (processes.limit(answers, variables, stand.folder, has_hooks=has_hooks) for has_hooks in (False, True))
    stack.enter_context(running([bare, hooked]))
    return {goals.BARE_LIMIT: bare.url, goals.LIMIT: hooked.url}


def _save_answers(url: str, stand: Stand) -> Path:
    """Save the gateway's answers, which the limit then sends from memory."""
    file = stand.file("answers.json")
    with plain_http.client(timeout=ANSWER_SECONDS, auth=stand.sign_in) as client:
        bodies = {user: client.get(url + traffic.path_of(user)).raise_for_status().text for user in stand.users}
    file.write_text(json.dumps(bodies), "utf-8")
    return file


def _require_same_answers(contenders: Contenders, users: Sequence[str], sign_in: SignIn) -> None:
    """Raise LoadFailed if a contender recommends other items, or if the gateway without a cache uses one."""
    with plain_http.client(timeout=ANSWER_SECONDS, auth=sign_in) as client:
        for name, url in [*contenders.uncached.items(), *contenders.cached.items()]:
            for user in users:
                ours, theirs = (client.get(one + traffic.path_of(user)).json() for one in (contenders.uncached[goals.GATEWAY], url))
                _require_same(name, ours, theirs)


def _require_same(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    if [item["itemId"] for item in ours["items"]] != [item["itemId"] for item in theirs["items"]]:
        raise LoadFailed(f"{name} recommends other items to user {ours['userId']}")
    if ours["source"] != "model":
        raise LoadFailed("the gateway without a cache answered from a cache")


def _closed(name: str, title: str, urls: Mapping[str, str], requests: Path, stand: Stand) -> Series:
    stand.schedule.begin(name, title)

    def turn(url: str, seconds: int) -> Figures:
        stand.wait_until_read()
        return closed_loop(url, requests, stand.plan.connections, seconds)

    for url in urls.values():
        turn(url, WARM_UP_SECONDS)
    seconds = stand.schedule.turn_seconds(stand.plan.turn_seconds, stand.plan.rounds * len(urls))
    turns = {contender: partial(turn, url, seconds) for contender, url in urls.items()}
    return Series(name, title, interleave(turns, stand.plan.rounds, stand.say, stand.schedule))


def _open(urls: Mapping[str, str], requests: Path, stand: Stand) -> Iterator[Series]:
    """Return a series for each rate. A contender that falls behind a rate is left out at the higher ones."""
    standing = [name for name in urls if name not in NOT_IN_OPEN_LOOP]
    stand.schedule.begin("rates", "Ask, cache off, open loop")
    for rate in stand.plan.rates:
        if rate > stand.plan.rates[0] and not stand.schedule.has_time(stand.plan.rate_rounds * stand.plan.rate_seconds * len(standing)):
            stand.schedule.leave_out(f"{rate} requests/s and more")
            break
        series = Series(f"rate-{rate}", f"Ask, cache off, open loop: {rate} requests/s", {name: [] for name in standing})
        stand.say(series.title)
        for number in range(stand.plan.rate_rounds):
            for name in rotated(standing, number):
                figures = open_loop(urls[name], requests, rate, stand.plan.rate_seconds)
                series.rounds[name].append(figures)
                stand.say(f"  {number + 1}/{stand.plan.rate_rounds} {name}: {describe(figures)}")
        standing = [name for name in standing if not _is_behind(series.rounds[name])]
        yield series


def _is_behind(rounds: Sequence[Figures]) -> bool:
    return any(figures["failed"] > 0 or figures["p99_ms"] > BEHIND_MS for figures in rounds)


def _one_at_a_time(contenders: Contenders, requests: Path, stand: Stand) -> Series:
    title = "Ask, cache off: one request at a time"
    stand.schedule.begin("one", title)
    seconds = ONE_SECONDS
    turns: dict[str, Turn] = {
        goals.GATEWAY: lambda: closed_loop(contenders.uncached[goals.GATEWAY], requests, 1, seconds),
        goals.FASTAPI: lambda: closed_loop(contenders.uncached[goals.FASTAPI], requests, 1, seconds),
        goals.BARE_CALL: lambda: run(program("load/unary.ts", contenders.grpc_address, str(seconds)), seconds),
    }
    for name, turn in turns.items():
        checked(name, turn())
    return Series("one", title, interleave(turns, stand.plan.rounds, stand.say, stand.schedule))
