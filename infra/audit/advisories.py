"""Known vulnerabilities of what is locked, as pip-audit and npm tell them. Both ask a service: on a closed network there is no answer."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from infra.audit.policy import Finding
from infra.local.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PYTHON_LOCKS = ("ml_service_py", "infra/local/uv", "infra/local", "tests")
PATIENCE_SECONDS = 300
#: A line of a tool's own that says nothing of why.
WORDS_MAX = 300


class NoAnswer(Exception):
    """The service of advisories didn't answer, so nothing is known."""


def run_tool(command: Sequence[str], folder: Path) -> str:
    """Gives what it prints, as findings are told by the exit code too. Raises NoAnswer where it prints nothing."""
    try:
        # Without the person's own settings of npm, which could leave packages out of the report.
        variables = read_settings().variables
        ended = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoAnswer(f"{command[0]}: {error}") from error
    if not ended.stdout.strip():
        raise NoAnswer(f"{command[0]}: {ended.stderr.strip()[-WORDS_MAX:]}")
    return ended.stdout


def ask_pip_audit(root: Path, run: Callable[[Sequence[str], Path], str] = run_tool) -> list[Finding]:
    locks = [word for folder in PYTHON_LOCKS for word in ("-r", f"{folder}/requirements.lock")]
    printed = run([sys.executable, "-m", "pip_audit", "--format=json", "--disable-pip", "--progress-spinner=off", *locks], root)
    return [finding for package in _read(printed, "dependencies", "pip-audit") for finding in _of_python(package)]


def ask_npm(root: Path, run: Callable[[Sequence[str], Path], str] = run_tool) -> list[Finding]:
    printed = run(["npm", "audit", "--json", "--package-lock-only"], root / "gateway_node")
    packages = _read(printed, "vulnerabilities", "npm audit")
    return [finding for package in packages.values() for finding in _of_node(package)]


def _read(printed: str, field: str, tool: str) -> Any:
    try:
        return json.loads(printed)[field]
    except (ValueError, LookupError, TypeError):
        raise NoAnswer(f"{tool}: {printed.strip()[:WORDS_MAX]}") from None


def _of_python(package: dict[str, Any]) -> list[Finding]:
    if "skip_reason" in package:
        raise NoAnswer(f"pip-audit: {package['skip_reason']}")
    fixed = [(told, ", ".join(told["fix_versions"]) or "none yet") for told in package["vulns"]]
    return [Finding(told["id"], package["name"], f"{package['version']} is vulnerable, fixed in: {versions}") for told, versions in fixed]


def _of_node(package: dict[str, Any]) -> list[Finding]:
    """A package that is vulnerable by another one names that one instead of an advisory."""
    told = [cause for cause in package["via"] if isinstance(cause, dict)]
    return [Finding(cause["url"].rpartition("/")[2], package["name"], f"{cause['title']} ({cause['range']})") for cause in told]
