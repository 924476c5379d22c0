"""The contract of an experiment: `measure(lab)` in its folder runs the contenders and returns series."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.loads import program, run
from benchmarks.rounds import LoadFailed
from harness.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchmarks.figures import Figures, Series

    Measure = Callable[["Lab"], list[Series]]


@dataclass(frozen=True, slots=True)
class Lab:
    """The size of a run, and a folder for its logs."""

    rounds: int
    #: How long a contender's turn puts load on it.
    turn_seconds: float
    folder: Path
    say: Callable[[str], None]
    #: The short form slows one contender of each experiment by this much, and its test finds the delay.
    planted_ms: int = 0


def node_file(name: str, *arguments: object) -> list[str]:
    """Return the command that runs a TypeScript file of the lab."""
    return program(f"lab/{name}", *map(str, arguments))


def python_module(name: str, *arguments: object, python: str = sys.executable) -> list[str]:
    """Return the command that runs a Python module of the lab."""
    return [python, "-m", f"benchmarks.lab.{name}", *map(str, arguments)]


def run_program(command: list[str], seconds: float) -> Figures:
    return run(command, seconds, {"PYTHONPATH": str(ROOT)})


def same_answers(rounds: Mapping[str, list[Figures]]) -> Mapping[str, list[Figures]]:
    """Remove the figure `answer`, after a check that each contender computed the same."""
    answers = {name: figures.pop("answer") for name, turns in rounds.items() for figures in turns}
    if len(set(answers.values())) > 1:
        raise LoadFailed(f"The contenders computed different answers: {answers}. Correct the one that differs.")
    return rounds
