"""Packages of Debian and Ubuntu, installed without starting the services that they bring."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from infra.local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.progress import Steps
    from infra.local.settings import Settings

#: Debian's own switch: what this program answers decides whether a new package may start its service.
POLICY = Path("/usr/sbin/policy-rc.d")
DENY = "#!/bin/sh\n# Written while a package is installed, and removed after it.\nexit 101\n"
APT = ("apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=120")

_one_at_a_time = Lock()


def can_install_packages() -> bool:
    """Return whether packages of Debian or Ubuntu can be installed here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and Path("/etc/debian_version").exists()


def install_packages(steps: Steps, settings: Settings, *names: str) -> None:
    """Tries with the package lists that the machine has, and fetches new ones only if that fails."""
    variables = {**settings.variables, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*APT, "install", "--no-install-recommends", *names]

    def run(log: str, command: list[str]) -> None:
        steps.command(log, command, cwd=settings.root, variables=variables)

    with _one_at_a_time, _no_service_starts():
        try:
            run("apt-install", install)
        except LocalError:
            run("apt-update", [*APT, "update"])
            run("apt-install", install)


@contextmanager
def _no_service_starts() -> Iterator[None]:
    kept = POLICY.with_name("policy-rc.d.kept")
    if POLICY.exists() and POLICY.read_text("utf-8") != DENY:
        POLICY.rename(kept)
    POLICY.write_text(DENY, "utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        if kept.exists():
            kept.replace(POLICY)
        else:
            POLICY.unlink()


def keep_service_off(name: str) -> None:
    """A package enables its service for the next boot of the machine; nobody asked for that."""
    switch = shutil.which("update-rc.d")
    if switch:
        subprocess.run([switch, name, "disable"], capture_output=True, check=False)
