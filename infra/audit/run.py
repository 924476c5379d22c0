"""Runs the checks, says what each came to, and gives the exit code. One without an answer doesn't keep the others from being told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.audit.advisories import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.audit.policy import Finding, Policy

FOUND = 1
NO_ANSWER = 3


def run_audit(policy: Policy, checks: Mapping[str, Callable[[], list[Finding]]], say: Callable[[str], object]) -> int:
    codes = [_run(policy, name, check, say) for name, check in checks.items()]
    return FOUND if FOUND in codes else max(codes)


def _run(policy: Policy, name: str, check: Callable[[], list[Finding]], say: Callable[[str], object]) -> int:
    try:
        found = check()
    except NoAnswer as error:
        say(f"{name}: NOT CHECKED, as no service answered ({' '.join(str(error).split())})\n")
        return NO_ANSWER
    remaining = policy.remaining(found)
    accepted = f", {len(found) - len(remaining)} accepted by infra/audit/policy.toml" if len(found) > len(remaining) else ""
    say(f"{name}: {len(remaining)} found{accepted}\n")
    for finding in remaining:
        say(f"  {finding}\n")
    return FOUND if remaining else 0
