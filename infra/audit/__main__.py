"""`python -m infra.audit`: ends with 0, with 1 where something was found, and with 3 where nothing was but a service didn't answer."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.audit.packages import NoAnswer, ask_npm, ask_pip_audit, refused_licences, write_boms
from infra.audit.policy import Finding, Policy, read_policy

ROOT = Path(__file__).resolve().parents[2]
FOUND = 1
NO_ANSWER = 3


def run_audit(policy: Policy, checks: Mapping[str, Callable[[], list[Finding]]], say: Callable[[str], object]) -> int:
    """Run all checks, also after one without an answer. Return the exit code."""
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
    say(f"{name}: {len(remaining)} found{accepted}\n" + "".join(f"  {finding}\n" for finding in remaining))
    return FOUND if remaining else 0


def main() -> None:
    policy = read_policy(ROOT / "infra" / "audit" / "policy.toml")
    for bom in write_boms(ROOT, ROOT / ".run" / "sbom"):
        sys.stdout.write(f"written: {bom.relative_to(ROOT)}\n")
    checks = {
        "licences": lambda: refused_licences(ROOT, policy),
        "advisories of Python packages": lambda: ask_pip_audit(ROOT),
        "advisories of Node packages": lambda: ask_npm(ROOT),
    }
    sys.exit(run_audit(policy, checks, sys.stdout.write))


if __name__ == "__main__":
    main()
