"""The packages that are shipped, by their tools: known vulnerabilities, licences, and bills of materials."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from infra.audit.policy import Finding, Policy
from infra.local.settings import read_settings

PYTHON_LOCKS = ("ml_service_py", "infra/local/uv", "infra/local", "tests")
ANSWER_SECONDS = 300
#: The longest part of a tool's output in an error.
OUTPUT_MAX = 300


class NoAnswer(Exception):
    """The service with the advisories didn't answer, as on a closed network. Nothing is known then."""


def run_tool(command: Sequence[str], folder: Path) -> str:
    """Return the tool's output, whatever its exit code is: findings change that too. Raise NoAnswer where it prints nothing."""
    try:
        # Without the person's own settings of npm, which could leave packages out of the report.
        variables = read_settings().variables
        ended = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoAnswer(f"{command[0]}: {error}") from error
    if not ended.stdout.strip():
        raise NoAnswer(f"{command[0]}: {ended.stderr.strip()[-OUTPUT_MAX:]}")
    return ended.stdout


def ask_pip_audit(root: Path, run: Callable[[Sequence[str], Path], str] = run_tool) -> list[Finding]:
    locks = [word for folder in PYTHON_LOCKS for word in ("-r", f"{folder}/requirements.lock")]
    printed = run([sys.executable, "-m", "pip_audit", "--format=json", "--disable-pip", "--progress-spinner=off", *locks], root)
    found = []
    for package in _read(printed, "dependencies", "pip-audit"):
        if "skip_reason" in package:
            raise NoAnswer(f"pip-audit: {package['skip_reason']}")
        for advisory in package["vulns"]:
            detail = f"{package['version']} is vulnerable, fixed in: {', '.join(advisory['fix_versions']) or 'none yet'}"
            found.append(Finding(advisory["id"], package["name"], detail))
    return found


def ask_npm(root: Path, run: Callable[[Sequence[str], Path], str] = run_tool) -> list[Finding]:
    printed = run(["npm", "audit", "--json", "--package-lock-only"], root / "gateway_node")
    packages = _read(printed, "vulnerabilities", "npm audit").values()
    # A package that is vulnerable by another one names that one instead of an advisory.
    causes = [(package["name"], cause) for package in packages for cause in package["via"] if isinstance(cause, dict)]
    return [Finding(cause["url"].rpartition("/")[2], name, f"{cause['title']} ({cause['range']})") for name, cause in causes]


def _read(printed: str, field: str, tool: str) -> Any:
    try:
        return json.loads(printed)[field]
    except (ValueError, LookupError, TypeError):
        raise NoAnswer(f"{tool}: {printed.strip()[:OUTPUT_MAX]}") from None


def locked_python(root: Path) -> list[str]:
    lock = (root / "ml_service_py" / "requirements.lock").read_text("utf-8")
    return re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock, re.MULTILINE)


def locked_node(root: Path) -> dict[str, dict[str, str]]:
    """Return the packages in the gateway's image, by their place under node_modules."""
    packages = json.loads((root / "gateway_node" / "package-lock.json").read_text("utf-8"))["packages"]
    return {place: package for place, package in packages.items() if place and not package.get("dev")}


def package_name(place: str) -> str:
    return place.rpartition("node_modules/")[2]


def refused_licences(root: Path, policy: Policy) -> list[Finding]:
    """Check the Python packages as installed, and the Node packages as locked."""
    names = locked_python(root)
    printed = run_tool([sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--packages", *names], root)
    installed = {re.sub(r"[-_.]+", "-", package["Name"]).lower(): package["License"] for package in json.loads(printed)}
    # A package that this machine has no use for isn't installed here.
    licences = {name: installed[name] for name in names if name in installed}
    licences |= {package_name(place): package.get("license", "UNKNOWN") for place, package in locked_node(root).items()}
    refused = [(package, licence) for package, licence in sorted(licences.items()) if not policy.allows(licence)]
    return [Finding(licence, package, "not a licence of infra/audit/policy.toml") for package, licence in refused]


def write_boms(root: Path, folder: Path) -> list[Path]:
    """Write a CycloneDX file for each side, from the lock files."""
    folder.mkdir(parents=True, exist_ok=True)
    python = [sys.executable, "-m", "cyclonedx_py", "requirements", "--of=JSON", "ml_service_py/requirements.lock"]
    boms = {folder / "ml-service.cdx.json": json.loads(run_tool(python, root)), folder / "gateway.cdx.json": _describe_node(root)}
    for path, bom in boms.items():
        path.write_text(json.dumps(bom, indent=2), "utf-8")
    return list(boms)


def _describe_node(root: Path) -> Any:
    """Take out what isn't shipped. npm's own --omit=dev would leave out packages that tools and gateway share."""
    bom = json.loads(run_tool(["npm", "sbom", "--sbom-format=cyclonedx", "--package-lock-only"], root / "gateway_node"))
    shipped = {f"{package_name(place)}@{package['version']}" for place, package in locked_node(root).items()}
    bom["components"] = [part for part in bom["components"] if part["bom-ref"] in shipped]
    shipped.add(bom["metadata"]["component"]["bom-ref"])
    bom["dependencies"] = [
        {**entry, "dependsOn": [name for name in entry["dependsOn"] if name in shipped]}
        for entry in bom["dependencies"]
        if entry["ref"] in shipped
    ]
    return bom
