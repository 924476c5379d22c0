"""An engine for containers while a block runs: the one that answers, or a dockerd that is started and stopped."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from infra.images.docker import NO_ENGINE, check_engine, engine_version, not_answering
from infra.local.debian import can_install_packages, install_packages
from infra.local.errors import LocalError
from infra.local.folders import make_private
from infra.local.progress import Steps, tail
from infra.local.settings import read_settings as read_local_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.images.settings import Settings
    from infra.local.progress import Progress

START_SECONDS = STOP_SECONDS = 60
LOOK_SECONDS = 0.2
LOG = "dockerd.log"
DEFAULT_PIDFILE = Path("/var/run/docker.pid")


@contextmanager
def running_engine(settings: Settings, progress: Progress) -> Iterator[None]:
    """Raise LocalError where no engine can be used."""
    if engine_version(settings):
        check_engine(settings)
        yield
        return
    _check_can_start(settings)
    progress.say("no engine for containers answers: starting one")
    require_program(Steps(progress, settings.logs), "dockerd", "docker.io", "iptables")
    process = _start(settings)
    try:
        _wait_until_it_answers(settings, process)
        check_engine(settings)
        yield
    finally:
        _stop(process)


def _check_can_start(settings: Settings) -> None:
    if settings.variables.get("DOCKER_HOST") and not settings.engine_folder:
        raise LocalError(not_answering(settings))
    if os.geteuid() != 0:
        raise LocalError(NO_ENGINE)


def require_program(steps: Steps, name: str, *packages: str) -> None:
    """Install the program's packages on Debian or Ubuntu as root, if it is missing. Raise LocalError elsewhere."""
    if shutil.which(name):
        return
    if not can_install_packages():
        raise LocalError(
            f"{name} is missing: install it (`apt-get install {' '.join(packages)}`), or run this as root on Debian or Ubuntu."
        )
    install_packages(steps, read_local_settings(), *packages)


def _start(settings: Settings) -> subprocess.Popen[bytes]:
    make_private(settings.run)
    settings.logs.mkdir(exist_ok=True)
    forget_dead_owner(settings.engine_folder / "docker.pid" if settings.engine_folder else DEFAULT_PIDFILE)
    with (settings.logs / LOG).open("wb") as log:
        # A session of its own: Ctrl-C in the terminal must not end the engine while containers are still removed.
        return subprocess.Popen(
            ["dockerd", *_options(settings.engine_folder)],  # noqa: S607
            env={name: value for name, value in settings.variables.items() if name != "DOCKER_HOST"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _options(folder: Path | None) -> list[str]:
    if not folder:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    places = {"data-root": "data", "exec-root": "exec", "pidfile": "docker.pid"}
    return [*(f"--{name}={folder}/{place}" for name, place in places.items()), f"--host=unix://{folder}/docker.sock"]


def forget_dead_owner(pidfile: Path) -> None:
    """Remove the file of a killed dockerd: the next one refuses to start if any other process has that number now."""
    with suppress(FileNotFoundError, ValueError):
        owner = Path(f"/proc/{int(pidfile.read_text('utf-8'))}/comm")
        if not owner.exists() or owner.read_text("utf-8").strip() != "dockerd":
            pidfile.unlink()


def _wait_until_it_answers(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + START_SECONDS
    log = settings.logs / LOG
    while not engine_version(settings):
        if process.poll() is not None or time.monotonic() > ends:
            raise LocalError(f"dockerd doesn't start. The end of {log}:\n{tail(log, 5)}")
        time.sleep(LOOK_SECONDS)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the engine, and with it the containers that it runs."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
