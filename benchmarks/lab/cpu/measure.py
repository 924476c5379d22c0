"""Run the computations, each in a process of its own, so that none profits from what another has warmed up."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.figures import Series
from benchmarks.lab.experiment import node_file, python_module, run_program, same_answers
from benchmarks.lab.floor import AGAIN
from benchmarks.rounds import interleave

if TYPE_CHECKING:
    from benchmarks.lab.experiment import Lab

FREE_THREADED = ("python3.14t", "python3.13t")


def measure(lab: Lab) -> list[Series]:
    # Half a turn, because these are many contenders and each turn needs a warm-up.
    seconds = lab.turn_seconds / 2
    loop = {"Node": node_file("cpu/loop.ts", seconds), "Python": python_module("cpu.loop", seconds)}
    if lab.planted_ms:
        loop["Node, slowed"] = node_file("cpu/loop.ts", seconds, lab.planted_ms)
        loop["Python, slowed"] = python_module("cpu.loop", seconds, lab.planted_ms)
    score = {
        "Node": node_file("cpu/score.ts", seconds),
        "Python": python_module("cpu.score", seconds),
        "Python with NumPy": python_module("cpu.score_numpy", seconds),
    }
    return [
        _series(lab, "loop", "A pure loop of 20,000 steps", loop),
        _series(lab, "score", "Top-10 scoring: 2,000 items, 64 factors", score),
        _series(lab, "workers", "Four loops of 200,000 steps, on one worker and on two", _workers(seconds)),
    ]


def _workers(seconds: float) -> dict[str, list[str]]:
    commands = {
        "Node": node_file("cpu/workers.ts", 1, seconds),
        "Node, 2 worker threads": node_file("cpu/workers.ts", 2, seconds),
        "Python": python_module("cpu.workers", "threads", 1, seconds),
        "Python, 2 threads": python_module("cpu.workers", "threads", 2, seconds),
        "Python, 2 processes": python_module("cpu.workers", "processes", 2, seconds),
    }
    free = next((found for name in FREE_THREADED if (found := shutil.which(name))), None)
    if free:
        commands["free-threaded Python, 2 threads"] = python_module("cpu.workers", "threads", 2, seconds, python=free)
    return commands


def _series(lab: Lab, name: str, title: str, commands: dict[str, list[str]]) -> Series:
    lab.say(title)
    again = {f"{contender}{AGAIN}": commands[contender] for contender in ("Node", "Python")}
    turns = {contender: partial(run_program, command, lab.turn_seconds) for contender, command in {**commands, **again}.items()}
    return Series(name, title, dict(same_answers(interleave(turns, lab.rounds, lab.say))))
