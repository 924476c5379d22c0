"""The engine for containers: the one that answers, or one that is started for as long as it is needed."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from infra.images.docker import ask, must_ask
from infra.local.debian import can_install_packages, install_packages
from infra.local.errors import LocalError
from infra.local.progress import Steps
from infra.local.settings import read_settings as read_local_settings
from infra.offline.dockerd import Dockerd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.images.settings import Settings
    from infra.local.progress import Progress

OLDEST = (20, 10)
NEEDED_BYTES = 5_000_000_000
LOOK_SECONDS = 15
PACKAGES = ("docker.io", "iptables")

NO_ENGINE = (
    "No engine for containers answers, and only root can start one: start yours (such as Docker Desktop, or `systemctl start docker`), "
    "name it in DOCKER_HOST, or run this as root on Debian or Ubuntu."
)


@contextmanager
def running_engine(settings: Settings, progress: Progress) -> Iterator[None]:
    """Uses the engine that answers; where none does, starts one and stops it at the end."""
    started = ensure_engine(settings, progress)
    try:
        yield
    finally:
        if started:
            started.stop()


def ensure_engine(settings: Settings, progress: Progress) -> Dockerd | None:
    """Gives the engine that it had to start, None where one answered. Raises LocalError where there is none that can be used."""
    started = None if _answers(settings) else _start(settings, progress)
    try:
        check_engine(settings)
    except LocalError:
        if started:
            started.stop()
        raise
    return started


def check_engine(settings: Settings) -> None:
    """Raises LocalError where no engine answers, or one that is too old or has no room."""
    version = _answers(settings)
    if not version:
        raise LocalError(_not_answering(settings))
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST:
        raise LocalError(f"The engine is Docker {version}, and {'.'.join(map(str, OLDEST))} or newer is needed: update it.")
    folder = Path(must_ask(settings, "info", "--format", "{{.DockerRootDir}}"))
    free = shutil.disk_usage(folder).free if folder.exists() else NEEDED_BYTES
    if free < NEEDED_BYTES:
        raise LocalError(
            f"The engine's folder {folder} has {free / 1e9:.1f} GB left, and {NEEDED_BYTES / 1e9:.0f} GB are needed: "
            "make room, as with `docker system prune`."
        )


def _answers(settings: Settings) -> str | None:
    return ask(settings, "version", "--format", "{{.Server.Version}}", seconds=LOOK_SECONDS) or None


def _not_answering(settings: Settings) -> str:
    host = settings.variables.get("DOCKER_HOST")
    return f"DOCKER_HOST names {host}, and no engine answers there: start it, or unset DOCKER_HOST." if host else NO_ENGINE


def _start(settings: Settings, progress: Progress) -> Dockerd:
    if settings.variables.get("DOCKER_HOST") and not settings.engine_folder:
        raise LocalError(_not_answering(settings))
    dockerd = Dockerd(settings)
    if not dockerd.can_start:
        raise LocalError(NO_ENGINE)
    if not dockerd.is_installed:
        if not can_install_packages():
            raise LocalError("No engine for containers answers, and dockerd isn't installed: install Docker Engine 20.10 or newer.")
        progress.say("no engine for containers: installing Debian's")
        install_packages(Steps(progress, settings.logs), read_local_settings(), *PACKAGES)
    progress.say("no engine for containers answers: starting one")
    dockerd.start(is_ready=lambda: _answers(settings) is not None)
    return dockerd
