"""What this machine has: Python's own parts, Node, an engine for containers, apt-get as root."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

#: The same as `engines` in the gateway's package.json: earlier versions know no `shouldUpgradeCallback`.
NODE_OLDEST = (24, 9)
PYTHON_RANGE = ((3, 11), (3, 14))
ENGINE_SECONDS = 10


def can_make_environments() -> bool:
    """Says whether `python -m venv` works. Debian keeps a part of it in a package of its own."""
    return importlib.util.find_spec("venv") is not None and importlib.util.find_spec("ensurepip") is not None


def venv_package() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}-venv"


def find_node(search_path: str) -> Path | None:
    """Gives the machine's own Node if it is new enough."""
    found = shutil.which("node", path=search_path)
    if not found or not shutil.which("npm", path=search_path):
        return None
    answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.(\d+)\.", answer.stdout)
    return Path(found) if version and (int(version[1]), int(version[2])) >= NODE_OLDEST else None


def has_engine() -> bool:
    """Says whether an engine for containers answers."""
    docker = shutil.which("docker")
    if not docker:
        return False
    try:
        return subprocess.run([docker, "info"], capture_output=True, check=False, timeout=ENGINE_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def can_install_packages() -> bool:
    """Says whether packages of Debian or Ubuntu can be installed from here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and Path("/etc/debian_version").exists()
