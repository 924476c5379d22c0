"""Count what the service of the experiment `http` needs. Counts don't vary, so one round is enough.

The lab uses the loopback interface only, so an installation is timed only if the package cache has everything.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from benchmarks.figures import Series
from benchmarks.lab.setup.installing import NotCached, seconds_to_install
from harness.stack import GATEWAY
from infra.local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.figures import Figures
    from benchmarks.lab.experiment import Lab

MODULES = GATEWAY.parents[1] / "node_modules"
COMMANDS = Path(__file__).with_name("commands.toml")
SERVICES = Path(__file__).parents[1] / "http"


def measure(lab: Lab) -> list[Series]:
    lab.say("Packages of the same service")
    node, python = _closure(["fastify"], _node_needs), _closure(["fastapi", "uvicorn"], _python_needs)
    rows: dict[str, Figures] = {
        "Fastify": {"megabytes": sum(map(_node_mb, node)), "packages": len(node), "lines": _lines("fastify-server.ts")},
        "FastAPI": {"megabytes": sum(map(_python_mb, python)), "packages": len(python), "lines": _lines("fastapi_app.py")},
    }
    notes = [_add_installation(rows[name], name, **steps) for name, steps in tomllib.loads(COMMANDS.read_text("utf-8")).items()]
    return [Series("packages", "Packages of the same service", {name: [row] for name, row in rows.items()}, notes)]


def _add_installation(row: Figures, name: str, install: list[str], start: str) -> str:
    """Add the figures of the installation. Return what they mean."""
    commands = [*install, start]
    row["commands"] = len(commands)
    try:
        row["install_seconds"] = seconds_to_install(install)
        measured = "installed from the package cache, without a network"
    except (NotCached, OSError, LocalError, subprocess.TimeoutExpired) as error:
        measured = f"seconds not measured: {error}"
    return f"{name}: {'; '.join(commands)}. {measured[0].upper()}{measured[1:]}."


def _closure(names: Iterable[str], needs: Callable[[str], list[str]]) -> set[str]:
    """Return the packages with everything that they need."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs(name)
    return found


def _node_needs(name: str) -> list[str]:
    return list(json.loads((MODULES / name / "package.json").read_text("utf-8")).get("dependencies", {}))


def _node_mb(name: str) -> float:
    return sum(file.stat().st_size for file in (MODULES / name).rglob("*") if file.is_file()) / 1e6


def _python_needs(name: str) -> list[str]:
    """Return the requirements of an installed package; without extras, as the service is installed."""
    requirements = [Requirement(text) for text in distribution(name).requires or []]
    wanted = [one.name for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]
    return [one.lower() for one in wanted if _is_installed(one)]


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _python_mb(name: str) -> float:
    files = [Path(str(file.locate())) for file in distribution(name).files or []]
    return sum(file.stat().st_size for file in files if file.exists() and file.suffix != ".pyc") / 1e6


def _lines(name: str) -> int:
    return sum(bool(line.strip()) for line in (SERVICES / name).read_text("utf-8").splitlines())
