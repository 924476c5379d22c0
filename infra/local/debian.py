"""Packages of Debian and Ubuntu, installed without starting the services that they bring."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from infra.local.errors import LocalError
from infra.local.progress import Steps
from infra.local.settings import Settings

#: Debian's own switch: the exit code of this program decides whether a new package may start its service. 101 means no.
POLICY = Path("/usr/sbin/policy-rc.d")
DENY = "#!/bin/sh\n# Written while a package is installed, and removed after it.\nexit 101\n"
APT = ("apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=120")

_one_at_a_time = Lock()


def can_install_packages() -> bool:
    """Return whether packages of Debian or Ubuntu can be installed here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and Path("/etc/debian_version").exists()


def install_packages(steps: Steps, settings: Settings, *names: str) -> None:
    """Install with the machine's package lists. Fetch new lists only if that fails."""
    variables = {**settings.variables, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*APT, "install", "--no-install-recommends", *names]
    with _one_at_a_time, _no_service_starts():
        try:
            steps.command("apt-install", install, cwd=settings.root, variables=variables)
        except LocalError:
            steps.command("apt-update", [*APT, "update"], cwd=settings.root, variables=variables)
            steps.command("apt-install", install, cwd=settings.root, variables=variables)


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Write the policy while the block runs. A policy of the machine's own, as in most containers, stays."""
    is_ours = not POLICY.exists() or POLICY.read_text("utf-8") == DENY
    if is_ours:
        POLICY.write_text(DENY, "utf-8")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if is_ours:
            POLICY.unlink()


def keep_service_off(name: str) -> None:
    """Keep a package's service from starting with the machine."""
    if switch := shutil.which("update-rc.d"):
        subprocess.run([switch, name, "disable"], capture_output=True, check=False)
