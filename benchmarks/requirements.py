"""The benchmarks' requirements beyond those of the tests: two load generators, and a RabbitMQ that runs without a container."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from harness.broker_node import find_server
from infra.local.debian import can_install_packages, install_packages, keep_service_off
from infra.local.errors import LocalError
from infra.local.progress import Steps
from infra.local.settings import read_settings

if TYPE_CHECKING:
    from infra.local.progress import Progress


def require_tools(progress: Progress) -> None:
    """Install missing programs if this user can, otherwise raise an error that says what to install."""
    # By the names of Debian's packages: the package nghttp2-client has h2load.
    found = {"wrk": shutil.which("wrk"), "nghttp2-client": shutil.which("h2load"), "rabbitmq-server": find_server()}
    missing = [name for name, program in found.items() if program is None]
    if not missing:
        return
    if not can_install_packages():
        raise LocalError(f"Install {' and '.join(missing)} first (Debian, Ubuntu: apt-get install {' '.join(missing)}).")
    settings = read_settings()
    steps = Steps(progress, settings.logs)
    steps.start(", ".join(missing), lambda: install_packages(steps, settings, *missing))
    steps.wait()
    if "rabbitmq-server" in missing:
        keep_service_off("rabbitmq-server")
