"""Load each framework with one and two processes as fast as it answers, then at a fixed rate."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Series
from benchmarks.lab.floor import AGAIN, OTHER_GENERATOR
from benchmarks.lab.http.servers import FRAMEWORKS, fastify
from benchmarks.lab.serving import closed_loop, closed_loop_by_h2load, serving, under_load
from benchmarks.loads import open_loop
from benchmarks.rounds import interleave

if TYPE_CHECKING:
    from benchmarks.figures import Figures
    from benchmarks.lab.experiment import Lab
    from benchmarks.lab.serving import Command, Server

CONNECTIONS = 32
SCRIPT = str(Path(__file__).with_name("figures.lua"))
#: Enough requests for the processor time, which the system counts in hundredths of a second.
STEADY_PER_SECOND = 1000
#: A sustained load lasts this many turns.
STEADY_TURNS = 2
#: A whole run has six rounds. Half of them are enough with one connection, which decides no claim.
PART_OF_ROUNDS_ALONE = 1 / 2
#: The servers that are loaded with a second generator, too.
TWICE = ("Fastify", "Starlette")


def measure(lab: Lab) -> list[Series]:
    with serving(lab, _commands(1)) as servers:
        of_one_process = [
            _full_load(lab, servers, "one", f"One process, {CONNECTIONS} connections, as fast as it answers", CONNECTIONS),
            _full_load(lab, servers, "alone", "One process, one connection, as fast as it answers", 1),
            _steady_load(lab, servers),
        ]
    with serving(lab, _commands(2)) as servers:
        two = _full_load(lab, servers, "two", "Two processes, as fast as they answer", CONNECTIONS)
    return [*of_one_process, two, _gain(of_one_process[0], two)]


def _gain(one: Series, two: Series) -> Series:
    """Divide the requests/s of two processes by those of one, round by round."""
    rounds = {name: [_gained(*pair) for pair in zip(one.rounds[name], two.rounds[name], strict=True)] for name in one.rounds}
    return Series("gain", "Requests/s of two processes by those of one", rounds)


def _gained(one: Figures, two: Figures) -> Figures:
    """Return how many times the requests/s are, and the cores in use: if all are, the load generator takes them from the second process."""
    gained = {"times": two["per_second"] / one["per_second"]}
    if "cpu_us" in two:
        gained["busy_cores"] = two["cpu_us"] * two["per_second"] / 1e6 + two["generator_core"]
    return gained


def _commands(processes: int) -> dict[str, Command]:
    commands: dict[str, Command] = {name: partial(command, processes=processes) for name, command in FRAMEWORKS.items()}
    return {**commands, f"Fastify{AGAIN}": partial(fastify, processes=processes)}


def _full_load(lab: Lab, servers: dict[str, Server], name: str, title: str, connections: int) -> Series:
    lab.say(title)
    # With one connection the contenders differ by their latency, which the server before the framework hardly changes.
    loaded = servers if connections > 1 else {name: server for name, server in servers.items() if "gunicorn" not in name}
    turns = {contender: partial(_turn, lab, server, connections) for contender, server in loaded.items()}
    # Only with one connection, a slow answer takes longer: with more, requests wait for each other.
    if lab.planted_ms and connections == 1:
        turns["Fastify, slowed"] = partial(_turn, lab, servers["Fastify"], connections, lab.planted_ms)
    if connections > 1:
        turns |= {f"{contender}{OTHER_GENERATOR}": partial(_turn_by_h2load, lab, servers[contender]) for contender in TWICE}
    return Series(name, title, _warm(lab, turns, 1 if connections > 1 else PART_OF_ROUNDS_ALONE))


def _turn_by_h2load(lab: Lab, server: Server) -> Figures:
    return closed_loop_by_h2load(f"{server.url}/items/7", CONNECTIONS, max(1, round(lab.turn_seconds)))


def _turn(lab: Lab, server: Server, connections: int, wait_ms: int = 0) -> Figures:
    seconds = max(1, round(lab.turn_seconds))
    url = f"{server.url}/items/7" + (f"?waitMs={wait_ms}" if wait_ms else "")
    return under_load(server, lambda: closed_loop(url, SCRIPT, connections, seconds), seconds)


def _steady_load(lab: Lab, servers: dict[str, Server]) -> Series:
    title = f"One process, a sustained load of {STEADY_PER_SECOND:,} requests/s"
    lab.say(title)
    requests = lab.folder / "items"
    requests.write_text("GET\t/items/7\t\tnone\n", "utf-8")
    seconds = max(1, round(lab.turn_seconds * STEADY_TURNS))

    def steady(server: Server) -> Figures:
        figures = under_load(server, lambda: open_loop(server.url, requests, STEADY_PER_SECOND, seconds), seconds)
        # The first figure is the one that the report draws.
        return {"cpu_us": figures.pop("cpu_us"), **figures}

    return Series("steady", title, _warm(lab, {name: partial(steady, server) for name, server in servers.items()}))


def _warm(lab: Lab, turns: dict[str, partial[Figures]], part_of_rounds: float = 1) -> dict[str, list[Figures]]:
    """Run each turn once without counting it, then the rounds. Where a delay is planted, speed isn't judged, so nothing is warmed up."""
    if not lab.planted_ms:
        for turn in turns.values():
            turn()
    return interleave(turns, max(1, round(lab.rounds * part_of_rounds)), lab.say)
