"""`python -m infra.audit`: ends with 0, with 1 where something was found, and with 3 where nothing was but a service didn't answer."""

import sys
from pathlib import Path

from infra.audit.advisories import ask_npm, ask_pip_audit
from infra.audit.boms import write_boms
from infra.audit.licences import refused_licences
from infra.audit.policy import read_policy
from infra.audit.run import run_audit

ROOT = Path(__file__).resolve().parents[2]


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


main()
