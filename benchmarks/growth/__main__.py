"""Measure how the stack grows: `python -m benchmarks.growth [--short | --size USERS ITEMS]`. `make bench-growth` calls it."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.growth.answering import answer
from benchmarks.growth.catching_up import BARE, PROJECTOR, catch_up
from benchmarks.growth.growth_report import GrowthReport, Point
from benchmarks.loads import run
from benchmarks.machine import describe_machine
from benchmarks.requirements import require_tools
from benchmarks.rounds import LoadFailed, describe
from benchmarks.stand import QUIET
from benchmarks.synthetic import Size
from harness.broker_node import LocalBroker
from harness.stack import PYTHON_PATH, ROOT, Data
from infra.local.errors import LocalError
from infra.local.progress import Progress
from infra.local.stopping import StopAsked, StopSignals
from ml_service.domain import new_version_name
from ml_service.model.plan import plan_search
from ml_service.model.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPORTS = ROOT / ".run" / "reports"
FULL = [
    *(Size(users, 2_000) for users in (1_000, 10_000, 30_000, 100_000)),
    *(Size(10_000, items) for items in (1_000, 5_000, 10_000, 20_000)),
]
SHORT = [Size(1_000, 500), Size(3_000, 500), Size(1_000, 2_000)]
ASKS = 200
#: How many interactions wait for the projector, and in how many rounds.
EVENTS, ROUNDS = 20_000, 2
STEP_SECONDS = 600
LIMIT_SECONDS = 1800


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--short", action="store_true", help="small sizes, about a minute")
    chosen.add_argument("--size", type=int, nargs=2, metavar=("USERS", "ITEMS"), help="only this size")
    parser.add_argument("--report", type=Path, default=REPORTS, help="the folder to write to")
    options = parser.parse_args()
    progress = Progress()
    StopSignals().listen()
    signal.signal(signal.SIGALRM, _give_up)
    require_tools(progress)
    machine = describe_machine()
    sizes = [Size(*options.size)] if options.size else SHORT if options.short else FULL
    points, failure = _measured_within(sizes, progress)
    report = GrowthReport(machine, points, progress.elapsed, failure)
    page = report.save(options.report, "bench-growth-size" if options.size else "bench-growth-short" if options.short else "bench-growth")
    sys.stdout.write(f"\n{report.as_text()}\n\n{page}\n")
    sys.exit(f"\n{failure}" if failure else 0)


def _measured_within(sizes: Sequence[Size], progress: Progress) -> tuple[list[Point], str]:
    """Return the points measured until the end or a failure, and the failure's text."""
    points: list[Point] = []
    signal.alarm(LIMIT_SECONDS)
    try:
        points.extend(measure(sizes, progress))
    except (LoadFailed, AssertionError, TimeoutError, subprocess.TimeoutExpired) as error:
        return points, str(error) or type(error).__name__
    finally:
        signal.alarm(0)
    return points, ""


def _give_up(*_: object) -> None:
    raise LoadFailed(f"The run took longer than {LIMIT_SECONDS} s. Check whether other programs use the machine.")


def measure(sizes: Sequence[Size], progress: Progress) -> Iterator[Point]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="whynotboth-growth-")))
        broker = stack.enter_context(LocalBroker(folder / "broker"))
        for size in sizes:
            with TemporaryDirectory(dir=folder) as data:
                yield _measure_one(size, Path(data), broker.amqp_url, progress)


def _measure_one(size: Size, folder: Path, amqp_url: str, progress: Progress) -> Point:
    """Measure one size. Each step is its own process, so that it has its own memory peak."""
    progress.say(f"{size.users:,} users, {size.items:,} items")
    estimator, versions = (
        plan_search((), Sizes(size.users, size.items, size.users * size.per_user), folds=3, seed=42).estimators[0],
        sorted(new_version_name() for _ in range(2)),
    )
    variables = {**Data(folder).environment, **QUIET, "AMQP_URL": amqp_url, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{PYTHON_PATH}"}
    figures = run(_module("filling", size.users, size.items, size.per_user), STEP_SECONDS, variables)
    figures |= run(_module("fitting", estimator, *versions), STEP_SECONDS, variables)
    figures |= answer(size, ASKS, versions[1], variables, folder)
    progress.say(f"  {estimator}: {describe(figures)}")
    rounds = catch_up(size, EVENTS, ROUNDS, variables, progress.say)
    for contender in (PROJECTOR, BARE):
        figures[f"{contender}_per_second"] = max(row["per_second"] for row in rounds[contender])
    figures["projector_to_bare"] = max(a["per_second"] / b["per_second"] for a, b in zip(rounds[PROJECTOR], rounds[BARE], strict=True))
    return Point(asdict(size), estimator, figures)


def _module(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.growth.{name}", *map(str, arguments)]


if __name__ == "__main__":
    try:
        main()
    except LocalError as error:
        sys.exit(f"\n{error}")
    except StopAsked:
        sys.exit(130)
