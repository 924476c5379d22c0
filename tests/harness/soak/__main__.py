"""`python -m harness.soak --minutes 30 --seed 7`: break parts of a stack under load, then check that nothing was lost.

Prints a line per fault. Ends with 1 where it found anything wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from harness.container_stack import ContainerStack
from harness.engine import STACK, image_of, why_not
from harness.soak.conductor import Conductor, Plan
from harness.stack import ROOT
from ml_service.adapters.datasets.movielens import fetch

if TYPE_CHECKING:
    from harness.soak.report import Report

REPORTS = ROOT / ".run" / "reports"
BEGAN = time.monotonic()


def say(text: str) -> None:
    sys.stdout.write(f"[{time.monotonic() - BEGAN:6.1f} s] {text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", default="")
    parser.add_argument("--at-once", type=int, default=1, help="how many faults hold at the same time")
    parser.add_argument("--hold", type=float, nargs=2, default=(1, 20), metavar="SECONDS", help="how long a fault lasts, from and to")
    parser.add_argument("--only", nargs="*", default=(), metavar="FAULT", help="leave all others out, as in --only 'kill broker'")
    parser.add_argument("--report", type=Path, default=REPORTS / "soak.json")
    options = parser.parse_args()
    plan = Plan(options.seed or token_hex(4), options.minutes * 60, tuple(options.hold), options.at_once, frozenset(options.only))
    say(f"Seed {plan.seed}")
    report = soak(plan)
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(json.dumps(report.figures, indent=2), "utf-8")
    for line in report.lines:
        say(line)
    sys.exit(0 if report.findings.are_none else 1)


def soak(plan: Plan) -> Report:
    if missing := next(filter(None, (why_not(image_of(variable)) for variable in STACK)), None):
        sys.exit(f"A soak needs containers, and {missing}.")
    cache = ROOT / ".run" / "cache"
    fetch(cache)
    with ContainerStack(cache, replicas=2) as stack:
        say("The stack is up")
        try:
            return Conductor(stack, plan, say).run()
        finally:
            stack.save_logs(REPORTS / "soak-logs")


main()
