"""Measures the stack beside its contenders: `python -m benchmarks [--short] [--only ask]`. `make bench` calls it."""

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
#: In the order in which they run: the jobs' turns leave the stack without its worker.
ON_THE_STAND = {"ask": ask.measure, "tell": tell.measure, "sockets": sockets.measure, "jobs": jobs.measure}
WEIGHT = "weight"
#: What each of them measures, as benchmarks/schedule.py names it.
SERIES = {
    "ask": ["ask", "rates", "one", "cached"],
    "tell": ["tell", "push"],
    "sockets": ["sockets", "crowd"],
    "jobs": ["job", "drain"],
    WEIGHT: [WEIGHT],
}
#: So much longer than planned a run takes only where even the least takes too long.
OVERTIME = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[*ON_THE_STAND, WEIGHT], help="may be given more than once")
    parser.add_argument("--short", action="store_true", help="small, and fails on what is far below its goal")
    parser.add_argument("--report", type=Path, default=REPORTS, help="the folder to write to")
    options = parser.parse_args()
    # The machine's own weight is no ratio, so the short form has nothing to say about it.
    wanted = options.only or [*ON_THE_STAND, *([] if options.short else [WEIGHT])]
    progress = Progress()
    _end_in_good_order()
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


def _end_in_good_order() -> None:
    """Ctrl-C, SIGTERM and the end of the time raise, and what was started is stopped."""
    StopSignals().listen()
    signal.signal(signal.SIGALRM, _give_up)


def _give_up(*_: object) -> None:
    raise OutOfTime


def _measured_within(plan: Plan, wanted: list[str], progress: Progress, schedule: Schedule) -> tuple[list[Series], str]:
    """What a failure leaves unmeasured doesn't take away what was measured before it."""
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
    """End the run with what it has when it takes much longer than planned, from now on."""
    signal.alarm(int(plan.limit_seconds * OVERTIME))


def _allow_many_files() -> None:
    """A socket is a file. The processes that are started from here inherit it."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def measure(plan: Plan, wanted: list[str], progress: Progress, schedule: Schedule) -> Iterator[Series]:
    on_the_stand = {name: scenario for name, scenario in ON_THE_STAND.items() if name in wanted}
    if on_the_stand:
        with open_stand(plan, progress.say, schedule) as stand:
            # Installing, importing and training before don't count.
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
        sys.stdout.write(f"Far below its goal: {verdict.goal.name} (beyond {verdict.goal.alarm:g})\n")
    return 1 if alarming else 0


try:
    main()
except LocalError as error:
    sys.exit(f"\n{error}")
except StopAsked:
    sys.exit(130)
