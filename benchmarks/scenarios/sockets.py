"""Sockets: the time of one event to all of them, the memory of an idle one, and the latency of requests beside many of them."""

from __future__ import annotations

import json
import resource
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil

from benchmarks import goals, traffic
from benchmarks.contenders import processes
from benchmarks.figures import Series
from benchmarks.inspector import Inspector
from benchmarks.loads import crowd_of, open_loop
from benchmarks.plan import CROWD_ASKS_PER_SECOND
from benchmarks.rounds import describe, interleave
from benchmarks.stand import running
from harness import plain_http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.figures import Figures
    from benchmarks.stand import Stand
    from harness.gateway import GatewayDriver
    from harness.processes import Process

ASK_SECONDS = 4
#: Allowance for a process's open files that aren't sockets.
OTHER_FILES = 500
#: By then the work that opening the sockets caused has ended.
SETTLE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Server:
    """A server of sockets, and a function that makes it send one event."""

    process: Process
    inspector: Inspector
    url: str
    topic: str
    trigger: Callable[[], object]


def measure(stand: Stand) -> Iterator[Series]:
    sockets, crowd = (min(wanted, _most_sockets()) for wanted in (stand.plan.sockets, stand.plan.crowd))
    if sockets < stand.plan.sockets or crowd < stand.plan.crowd:
        stand.say(f"A process may open {crowd + OTHER_FILES} files on this machine, so the run uses at most {crowd} sockets")
    yield _fan_out(stand, sockets)
    yield _crowd(stand, crowd)


def _most_sockets() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - OTHER_FILES


def _fan_out(stand: Stand, count: int) -> Series:
    """Measure with a new process in each turn, because memory that an earlier turn has freed would hide what this turn needs."""
    title = f"Sockets: one event to {count} of them"
    stand.schedule.begin("sockets", title)
    text = stand.file("event")
    text.write_text(_an_event(stand), "utf-8")

    def gateway() -> Figures:
        user, inspector = f"watched-{uuid4()}", Inspector()
        with fresh_gateway(stand, inspector.variables) as (driver, process):
            server = Server(process, inspector, driver.url, f"users/{user}/recommendations", lambda: driver.rate(user, stand.items[0], 4))
            return _turn(server, count, stand.plan.events)

    def bare() -> Figures:
        inspector = Inspector()
        process = processes.fan_out(text, stand.folder, inspector.variables)
        with running([process]):
            server = Server(process, inspector, process.url, "", lambda: plain_http.post(process.url, timeout=5).raise_for_status())
            return _turn(server, count, stand.plan.events)

    turns = {goals.GATEWAY: gateway, goals.BARE_SOCKETS: bare}
    return Series("sockets", title, interleave(turns, stand.plan.socket_rounds, stand.say, stand.schedule))


def _an_event(stand: Stand) -> str:
    """Return the text of a real event, so that both servers send the same."""
    with stand.stack.gateway.live() as socket:
        socket.subscribe(f"users/{stand.users[0]}/recommendations")
        return json.dumps(socket.wait_for("event"), separators=(",", ":"), ensure_ascii=False)


def _turn(server: Server, count: int, events: int) -> Figures:
    with crowd_of(count, server.url, server.topic) as crowd:
        few, with_few = crowd.open, _settled_bytes(server)
        crowd.open_rest()
        per_socket = (_settled_bytes(server) - with_few) / (crowd.open - few)
        took_ms = median(crowd.first_to_last_ms(server.trigger) for _ in range(events))
    return {"first_to_last_ms": took_ms, "events_per_second": 1000 / took_ms, "kb_per_socket": per_socket / 1024}


def _settled_bytes(server: Server) -> int:
    threading.Event().wait(SETTLE_SECONDS)
    server.inspector.collect_garbage()
    return int(psutil.Process(server.process.pid).memory_info().rss)


@contextmanager
def fresh_gateway(stand: Stand, variables: Mapping[str, str] | None = None) -> Iterator[tuple[GatewayDriver, Process]]:
    driver = stand.stack.add_gateway(variables)
    process = stand.stack.gateways[-1]
    with running([process]):
        driver.recommend(stand.users[0])
        yield driver, process


def _crowd(stand: Stand, count: int) -> Series:
    title = f"Ask at {CROWD_ASKS_PER_SECOND} requests/s, beside {count} sockets on the same gateway"
    stand.schedule.begin("crowd", title)
    requests = traffic.write_traffic(stand.file("each-user"), traffic.each_user_in_turn(stand.users), stand.sign_in)
    with ExitStack() as stack:
        urls = {name: stack.enter_context(fresh_gateway(stand))[0].url for name in (goals.GATEWAY, goals.CROWDED)}
        crowd = stack.enter_context(crowd_of(count, urls[goals.CROWDED], f"users/{stand.users[0]}/recommendations"))
        crowd.open_rest()

        def ask(url: str) -> Figures:
            return open_loop(url, requests, CROWD_ASKS_PER_SECOND, ASK_SECONDS)

        for name, url in urls.items():
            stand.say(f"  warm-up {name}: {describe(ask(url))}")
        turns = {name: (lambda url=url: ask(url)) for name, url in urls.items()}
        return Series("crowd", title, interleave(turns, stand.plan.rounds, stand.say, stand.schedule))
