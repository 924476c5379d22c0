"""Check each bug with tsc and mypy, then run it without their help. Counts don't vary, so one round is enough."""

from __future__ import annotations

import subprocess
import sys
import tomllib
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
#: By the names of bugs.toml.
SUFFIXES = {"typescript": "mts", "python": "py"}


def measure(lab: Lab) -> list[Series]:
    lab.say("Five bugs, checked and run")
    bugs = tomllib.loads(BUGS.read_text("utf-8"))["bug"]
    typescript, python = ([_written(lab.folder, number, bug, language) for number, bug in enumerate(bugs)] for language in SUFFIXES)
    found = {
        "TypeScript": _count(TSC, [node()], typescript),
        "Python with mypy": _count(MYPY, [sys.executable], python),
    }
    title = f"{len(bugs)} bugs: found before run time, at run time, or not at all"
    return [Series("bugs", title, {name: [row] for name, row in found.items()})]


def _written(folder: Path, number: int, bug: dict[str, str], language: str) -> Path:
    file = folder / f"bug_{number}.{SUFFIXES[language]}"
    file.write_text(bug[language], "utf-8")
    return file


def _count(checker: Sequence[str], program: Sequence[str], files: Sequence[Path]) -> Figures:
    checked = [_fails(checker, file) for file in files]
    raised = [_fails(program, file) for file in files]
    return {
        "before_run_time": sum(checked),
        "only_at_run_time": sum(fails and not was_checked for fails, was_checked in zip(raised, checked, strict=True)),
        "not_at_all": sum(not fails and not was_checked for fails, was_checked in zip(raised, checked, strict=True)),
        "raised_without_a_checker": sum(raised),
    }


def _fails(command: Sequence[str], file: Path) -> bool:
    return subprocess.run([*command, str(file)], cwd=file.parent, capture_output=True, check=False, timeout=SECONDS).returncode != 0
