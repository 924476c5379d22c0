"""Measure the stack beside its contenders: `python -m benchmarks [--short] [--only ask]`. `make bench` calls it."""

from __future__ import annotations

import argparse
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.goals import judge
from benchmarks.machine import describe_machine
from benchmarks.plan import FULL, SHORT
from benchmarks.report import Report
from benchmarks.requirements import require_tools
from benchmarks.rounds import LoadFailed
from benchmarks.scenarios import ask, jobs, sockets, tell, weight
from benchmarks.schedule import OutOfTime, Schedule
from benchmarks.stand import open_stand
from harness.stack import ROOT
from infra.local.errors import LocalError
from infra.local.progress import Progress
from infra.local.stopping import StopAsked, StopSignals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Series
    from benchmarks.plan import Plan

REPORTS = ROOT / ".run" / "reports"
#: In the order in which they run. `jobs` is last, because it stops the stack's worker.
ON_THE_STAND = {"ask": ask.measure, "tell": tell.measure, "sockets": sockets.measure, "jobs": jobs.measure}
WEIGHT = "weight"
#: The series of each scenario, by their names in benchmarks/schedule.py.
SERIES = {
    "ask": ["ask", "rates", "one", "cached"],
    "tell": ["tell", "push"],
    "sockets": ["sockets", "crowd"],
    "jobs": ["job", "drain"],
    WEIGHT: [WEIGHT],
}
#: A run is ended after this multiple of its planned time.
OVERTIME = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[*ON_THE_STAND, WEIGHT], help="may be given more than once")
    parser.add_argument("--short", action="store_true", help="fewer and shorter turns; fails if a ratio is far below its goal")
    parser.add_argument("--report", type=Path, default=REPORTS, help="the folder to write to")
    options = parser.parse_args()
    # Weight is no ratio, so the short form has no alarm for it and doesn't measure it.
    wanted = options.only or [*ON_THE_STAND, *([] if options.short else [WEIGHT])]
    progress = Progress()
    _stop_in_order_on_signals()
    require_tools(progress)
    machine = describe_machine()
    plan = SHORT if options.short else FULL
    schedule = Schedule(plan.limit_seconds, [name for scenario in wanted for name in SERIES[scenario]], progress.say)
    series, failure = _measured_within(plan, wanted, progress, schedule)
    report = Report(machine, series, judge(series), progress.elapsed, failure, schedule.left_out)
    page = report.save(options.report, "bench-check" if options.short else "bench")
    sys.stdout.write(f"\n{report.as_text()}\n\n{page}\n")
    if failure:
        sys.exit(f"\n{failure}")
    sys.exit(_exit_code(report) if options.short else 0)


def _stop_in_order_on_signals() -> None:
    """Turn Ctrl-C, SIGTERM and the time limit into exceptions, so that the run stops everything that it started."""
    StopSignals().listen()
    signal.signal(signal.SIGALRM, _give_up)


def _give_up(*_: object) -> None:
    raise OutOfTime


def _measured_within(plan: Plan, wanted: list[str], progress: Progress, schedule: Schedule) -> tuple[list[Series], str]:
    """Return the series measured until the end or a failure, and the failure's text."""
    series: list[Series] = []
    _allow_many_files()
    _bound(plan)
    try:
        series.extend(measure(plan, wanted, progress, schedule))
    except OutOfTime:
        schedule.leave_out_the_rest()
    except (LoadFailed, AssertionError, TimeoutError, subprocess.TimeoutExpired) as error:
        return series, str(error) or type(error).__name__
    finally:
        signal.alarm(0)
    return series, ""


def _bound(plan: Plan) -> None:
    """Set the alarm that ends a run which takes much longer than planned, counted from now."""
    signal.alarm(int(plan.limit_seconds * OVERTIME))


def _allow_many_files() -> None:
    """Raise the limit of open files for this process and its children: each socket is a file."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def measure(plan: Plan, wanted: list[str], progress: Progress, schedule: Schedule) -> Iterator[Series]:
    on_the_stand = {name: scenario for name, scenario in ON_THE_STAND.items() if name in wanted}
    if on_the_stand:
        with open_stand(plan, progress.say, schedule) as stand:
            # The time of installing, importing and training doesn't count.
            schedule.start()
            _bound(plan)
            for name, scenario in on_the_stand.items():
                if _has_time_for(name, schedule):
                    yield from scenario(stand)
    if WEIGHT in wanted and _has_time_for(WEIGHT, schedule):
        yield weight.measure(schedule, progress.say)


def _has_time_for(name: str, schedule: Schedule) -> bool:
    if schedule.has_time_for_another():
        return True
    schedule.leave_out(f"all of {name}: `make bench ARGS='--only {name}'` measures it alone")
    return False


def _exit_code(report: Report) -> int:
    alarming = [verdict for verdict in report.verdicts if verdict.is_alarming]
    for verdict in alarming:
        sys.stdout.write(f"Far from its goal: {verdict.goal.name} (the alarm is at {verdict.goal.alarm:g})\n")
    return 1 if alarming else 0


try:
    main()
except LocalError as error:
    sys.exit(f"\n{error}")
except StopAsked:
    sys.exit(130)
