"""Time the installation of a service from the package caches of npm and uv, without a network."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from infra.local.package_sources import npm_variables, pip_variables, uv_variables

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 60
OFFLINE = {"npm_config_offline": "true", "npm_config_update_notifier": "false", "UV_OFFLINE": "1", "UV_PYTHON": sys.executable}


class NotCached(Exception):
    """A package cache lacks what an installation needs."""


def seconds_to_install(commands: Sequence[str]) -> float:
    """Run the commands in an empty folder. Raise NotCached if one fails."""
    variables = _variables()
    with TemporaryDirectory(prefix="whynotboth-setup-") as folder:
        began = time.perf_counter()
        for command in commands:
            ended = subprocess.run(command.split(), cwd=folder, env=variables, capture_output=True, check=False, timeout=SECONDS)
            if ended.returncode != 0:
                raise NotCached(f"`{command}` without a network ended with {ended.returncode}")
        return time.perf_counter() - began


def _variables() -> dict[str, str]:
    """Return variables with which npm and uv find what `make install` has left in their caches."""
    tools = Path(sys.executable).parent
    given = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    found = npm_variables(given.get("PATH", ""), uv_variables(pip_variables(Path(sys.executable), given)))
    return {**found, **OFFLINE, "PATH": f"{tools}{os.pathsep}{given.get('PATH', '')}"}
