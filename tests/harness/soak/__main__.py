"""`python -m harness.soak --minutes 30 --seed 7`: a stack of its own, faults and load, a line per fault; fails where anything is wrong."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from harness.engine import VARIABLES, image_of, why_no_engine, why_no_image
from harness.leftovers import removing_what_is_labelled, run_name
from harness.soak.conductor import Conductor, Plan
from harness.stack import ROOT
from infra.local.progress import Progress
from ml_service.adapters.datasets.movielens import fetch

if TYPE_CHECKING:
    from harness.soak.report import Report

REPORTS = ROOT / ".run" / "reports"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", default="")
    parser.add_argument("--at-once", type=int, default=1, help="how many faults hold at the same time")
    parser.add_argument("--hold", type=float, nargs=2, default=(1, 20), metavar="SECONDS", help="how long a fault lasts, from and to")
    parser.add_argument("--only", nargs="*", default=(), metavar="FAULT", help="leave all others out, as in --only 'kill broker'")
    parser.add_argument("--report", type=Path, default=REPORTS / "soak.json")
    options = parser.parse_args()
    progress = Progress()
    plan = Plan(options.seed or token_hex(4), options.minutes * 60, tuple(options.hold), options.at_once, frozenset(options.only))
    progress.say(f"Seed {plan.seed}")
    report = soak(plan, progress)
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(json.dumps(report.figures, indent=2), "utf-8")
    for line in report.lines:
        progress.say(line)
    sys.exit(0 if report.findings.are_none else 1)


def soak(plan: Plan, progress: Progress) -> Report:
    if missing := why_no_engine() or next(filter(None, (why_no_image(image_of(variable)) for variable in VARIABLES)), None):
        sys.exit(f"A soak needs containers, and {missing}.")
    from harness.container_stack import ContainerStack  # noqa: PLC0415  testcontainers asks for the engine when it is imported

    cache = ROOT / ".run" / "cache"
    fetch(cache)
    with removing_what_is_labelled(run_name()), ContainerStack(run_name(), cache, replicas=2) as stack:
        progress.say("The stack is up")
        try:
            return Conductor(stack, plan, progress.say).run()
        finally:
            stack.save_logs(REPORTS / "soak-logs")


main()
