"""The Python environment of the checkout, before anything is installed into it."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from infra.local.errors import LocalError
from infra.local.machine import can_install_packages, can_make_environments, venv_package
from infra.local.packages import install_packages

if TYPE_CHECKING:
    from infra.local.progress import Steps
    from infra.local.settings import Settings


def has_environment(settings: Settings) -> bool:
    return settings.python.exists() and any(settings.site_packages.glob("pip-*.dist-info/RECORD"))


def make_environment(settings: Settings, steps: Steps) -> None:
    """Make a new environment in which Python finds the services' sources."""
    if not can_make_environments():
        if not can_install_packages():
            raise LocalError(f"Python's venv is missing: install it (Debian and Ubuntu: `apt-get install {venv_package()}`).")
        install_packages(steps, settings, venv_package())
    shutil.rmtree(settings.venv, ignore_errors=True)
    # -I: neither this command nor pip later takes packages of the person's PYTHONPATH for installed ones.
    steps.command("venv", [sys.executable, "-I", "-m", "venv", ".venv"], cwd=settings.root, variables=settings.variables)
    name_sources(settings)


def name_sources(settings: Settings) -> None:
    """Let the environment's Python find the services' sources: a change there is there at the next start.

    The entry is relative to its file, so that it is ASCII: Python reads it in the locale's encoding, and doesn't start where it can't.
    """
    entry = f"{os.path.relpath(settings.root / 'ml_service_py' / 'src', settings.site_packages)}\n"
    file = settings.site_packages / "whynotboth.pth"
    if not file.exists() or file.read_bytes() != entry.encode("ascii"):
        file.unlink(missing_ok=True)
        file.write_text(entry, "ascii")
