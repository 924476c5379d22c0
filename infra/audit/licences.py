"""The licences of what is shipped: of the Python packages as installed, of the Node packages as locked. Asks nobody."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

from infra.audit.advisories import run_tool
from infra.audit.policy import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from infra.audit.policy import Policy

UNKNOWN = "UNKNOWN"


def refused_licences(root: Path, policy: Policy) -> list[Finding]:
    licences = {**_of_python(root), **_of_node(root)}
    refused = [(package, licence) for package, licence in sorted(licences.items()) if not policy.allows(licence)]
    return [Finding(licence, package, "not a licence of infra/audit/policy.toml") for package, licence in refused]


def locked_python(root: Path) -> list[str]:
    lock = (root / "ml_service_py" / "requirements.lock").read_text("utf-8")
    return re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock, re.MULTILINE)


def locked_node(root: Path) -> dict[str, dict[str, str]]:
    """What the gateway's image gets, by its place under node_modules."""
    packages = json.loads((root / "gateway_node" / "package-lock.json").read_text("utf-8"))["packages"]
    return {place: package for place, package in packages.items() if place and not package.get("dev")}


def _of_python(root: Path) -> dict[str, str]:
    names = locked_python(root)
    told = json.loads(run_tool([sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--packages", *names], root))
    licences = {re.sub(r"[-_.]+", "-", package["Name"]).lower(): package["License"] for package in told}
    # One that this machine has no use for isn't installed here.
    return {name: licences[name] for name in names if name in licences}


def _of_node(root: Path) -> dict[str, str]:
    return {place.rpartition("node_modules/")[2]: package.get("license", UNKNOWN) for place, package in locked_node(root).items()}
