"""Check each bug with tsc and mypy, then run it without their help. Counts don't vary, so one round is enough."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Series
from harness.stack import GATEWAY, node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Figures
    from benchmarks.lab.experiment import Lab

BUGS = Path(__file__).with_name("bugs.toml")
SECONDS = 120
TSC = [str(GATEWAY.parents[1] / "node_modules" / ".bin" / "tsc"), "--noEmit", "--strict", "--target", "esnext", "--skipLibCheck"]
TSC += ["--module", "nodenext", "--types", "node", "--typeRoots", str(GATEWAY.parents[1] / "node_modules" / "@types")]
MYPY = [sys.executable, "-m", "mypy", "--strict", "--no-incremental"]
#: The line of a trace that names the error, in both languages.
MESSAGE = re.compile(r"\w*(Error|Exception)\b")
#: The comment that marks the line of a bug.
MARK = " the bug"
#: By the names of bugs.toml.
SUFFIXES = {"typescript": "mts", "python": "py"}


def measure(lab: Lab) -> list[Series]:
    lab.say("Five bugs, checked and run")
    bugs = tomllib.loads(BUGS.read_text("utf-8"))["bug"]
    found = {
        "TypeScript": [_try(TSC, [node()], _written(lab.folder, number, bug, "typescript")) for number, bug in enumerate(bugs)],
        "Python with mypy": [_try(MYPY, [sys.executable], _written(lab.folder, number, bug, "python")) for number, bug in enumerate(bugs)],
    }
    title = f"{len(bugs)} bugs: found before run time, at run time, or not at all"
    notes = [f"{bug['name']}, {name}: {outcomes[number]}" for number, bug in enumerate(bugs) for name, outcomes in found.items()]
    return [Series("bugs", title, {name: [_count(outcomes)] for name, outcomes in found.items()}, notes)]


def _written(folder: Path, number: int, bug: dict[str, str], language: str) -> Path:
    file = folder / f"bug_{number}.{SUFFIXES[language]}"
    file.write_text(bug[language], "utf-8")
    return file


@dataclass(frozen=True, slots=True)
class Outcome:
    """The messages of the checker and of the program about a bug; empty if they accept it."""

    checker: str
    run: str
    #: Whether the program's trace names the file, and whether it also names the line of the bug.
    names_file: bool
    names_line: bool

    def __str__(self) -> str:
        ended = f"{self.run} ({self._trace})" if self.run else "the program ends as if nothing were wrong"
        return f"{self.checker or 'the checker finds nothing'}; {ended}"

    @property
    def _trace(self) -> str:
        if self.names_line:
            return "the trace names the line of the bug"
        return "the trace names the file and another line" if self.names_file else "the trace doesn't name the file"


def _try(checker: Sequence[str], program: Sequence[str], file: Path) -> Outcome:
    checked, run = _errors([*checker, str(file)], file), _errors([*program, str(file)], file)
    message = next((line for line in run if MESSAGE.match(line)), "")
    number = 1 + next(number for number, line in enumerate(file.read_text("utf-8").splitlines()) if line.endswith(MARK))
    #: `bug_0.mts:3` in Node, `File "bug_0.py", line 3` in Python.
    place = re.compile(rf"{re.escape(file.name)}(:|\", line ){number}\b")
    return Outcome(checked[0] if checked else "", message, any(file.name in line for line in run), any(map(place.search, run)))


def _errors(command: Sequence[str], file: Path) -> list[str]:
    """Return what a command printed that failed, without the folder; nothing if it succeeded."""
    ended = subprocess.run(command, cwd=file.parent, capture_output=True, check=False, timeout=SECONDS, text=True)
    if ended.returncode == 0:
        return []
    return [line.replace(f"{file.parent}/", "") for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]


def _count(outcomes: Sequence[Outcome]) -> Figures:
    return {
        "before_run_time": sum(bool(outcome.checker) for outcome in outcomes),
        "only_at_run_time": sum(bool(outcome.run) and not outcome.checker for outcome in outcomes),
        "not_at_all": sum(not outcome.run and not outcome.checker for outcome in outcomes),
        "raised_without_a_checker": sum(bool(outcome.run) for outcome in outcomes),
        "traces_with_the_file": sum(outcome.names_file for outcome in outcomes),
        "traces_with_the_line": sum(outcome.names_line for outcome in outcomes),
    }
