"""Measure the articles' claims: `python -m benchmarks.lab [--only cpu]`. `make lab` calls it."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.lab.cold_start.measure import measure as measure_cold_start
from benchmarks.lab.cpu.measure import measure as measure_cpu
from benchmarks.lab.experiment import Lab
from benchmarks.lab.hop.measure import measure as measure_hop
from benchmarks.lab.http.measure import measure as measure_http
from benchmarks.lab.io.measure import measure as measure_io
from benchmarks.lab.lab_report import Experiment, LabReport
from benchmarks.lab.ledger import judge, read_claims
from benchmarks.lab.memory.measure import measure as measure_memory
from benchmarks.lab.offload.measure import measure as measure_offload
from benchmarks.lab.setup.measure import measure as measure_setup
from benchmarks.lab.typing_errors.measure import measure as measure_typing_errors
from benchmarks.machine import describe_machine
from benchmarks.requirements import require_tools
from benchmarks.rounds import LoadFailed
from benchmarks.schedule import OutOfTime
from harness.stack import ROOT
from infra.local.errors import LocalError
from infra.local.progress import Progress
from infra.local.stopping import StopAsked, StopSignals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.lab.experiment import Measure
    from benchmarks.lab.ledger import Verdict

#: Each experiment's folder, in the order of the run.
EXPERIMENTS: dict[str, Measure] = {
    "cpu": measure_cpu,
    "http": measure_http,
    "io": measure_io,
    "cold_start": measure_cold_start,
    "memory": measure_memory,
    "offload": measure_offload,
    "hop": measure_hop,
    "typing_errors": measure_typing_errors,
    "setup": measure_setup,
}
REPORTS = ROOT / ".run" / "lab"
ROUNDS, TURN_SECONDS = 6, 1.0
LIMIT_SECONDS = 1200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=EXPERIMENTS, help="may be given more than once")
    parser.add_argument("--report", type=Path, default=REPORTS, help="the folder to write to")
    options = parser.parse_args()
    wanted = options.only or list(EXPERIMENTS)
    progress = Progress()
    StopSignals().listen()
    signal.signal(signal.SIGALRM, _give_up)
    require_tools(progress)
    machine = describe_machine()
    experiments, failure = _measured_within(wanted, progress)
    report = LabReport(machine, experiments, _verdicts(experiments, wanted), progress.elapsed, failure)
    page = report.save(options.report)
    sys.stdout.write(f"\n{report.as_markdown()}\n{page}\n")
    sys.exit(f"\n{failure}" if failure else 0)


def _give_up(*_: object) -> None:
    raise OutOfTime


def _measured_within(wanted: Sequence[str], progress: Progress) -> tuple[list[Experiment], str]:
    """Return what was measured until the end, a failure or the time limit, and the failure's text."""
    measured: list[Experiment] = []
    signal.alarm(LIMIT_SECONDS)
    try:
        measured.extend(_measure(wanted, progress))
    except OutOfTime:
        return measured, f"The run took longer than {LIMIT_SECONDS} s. Check whether other programs use the machine."
    except (LoadFailed, AssertionError, TimeoutError, subprocess.TimeoutExpired) as error:
        return measured, str(error) or type(error).__name__
    finally:
        signal.alarm(0)
    return measured, ""


def _measure(wanted: Sequence[str], progress: Progress) -> Iterator[Experiment]:
    with TemporaryDirectory(prefix="whynotboth-lab-") as folder:
        lab = Lab(ROUNDS, TURN_SECONDS, Path(folder), progress.say)
        for number, name in enumerate(wanted, start=1):
            progress.say(f"Experiment {name}, {number} of {len(wanted)}")
            began = progress.elapsed
            series = EXPERIMENTS[name](lab)
            yield Experiment(name, progress.elapsed - began, series)


def _verdicts(experiments: Sequence[Experiment], wanted: Sequence[str]) -> list[Verdict]:
    """Judge the claims of the wanted experiments, and in a whole run those without an experiment."""
    series = {one.name: {part.name: part for part in one.series} for one in experiments}
    is_whole = len(wanted) == len(EXPERIMENTS)
    claims = [claim for claim in read_claims() if claim.experiment in wanted or (is_whole and not claim.experiment)]
    return [judge(claim, series.get(claim.experiment, {})) for claim in claims]


if __name__ == "__main__":
    try:
        main()
    except LocalError as error:
        sys.exit(f"\n{error}")
    except StopAsked:
        sys.exit(130)
