"""An engine of our own: one dockerd, started in the background, and stopped by whoever started it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.errors import LocalError
from infra.local.private_folders import make_private
from infra.local.progress import tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.images.settings import Settings

START_SECONDS = 60
STOP_SECONDS = 60
LOOK_SECONDS = 0.2
DEFAULT_PIDFILE = Path("/var/run/docker.pid")


class Dockerd:
    """Keeps its number in a file of the checkout, so that a later command can stop what an earlier one left running."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.engine_folder
        self._variables = settings.variables
        self._run = settings.run
        self._note = settings.run / "engine.pid"
        self.log = settings.logs / "dockerd.log"

    @property
    def can_start(self) -> bool:
        return os.geteuid() == 0

    @property
    def is_installed(self) -> bool:
        return shutil.which("dockerd") is not None

    def start(self, is_ready: Callable[[], bool]) -> None:
        """Returns when the engine answers."""
        self._forget_dead_owner()
        make_private(self._run)
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal must not end the engine under the containers that are about to be removed.
            process = subprocess.Popen(
                ["dockerd", *self._options()],  # noqa: S607
                env={name: value for name, value in self._variables.items() if name != "DOCKER_HOST"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._note.write_text(f"{process.pid}\n", "utf-8")
        try:
            self._wait(process, is_ready)
        except BaseException:
            self.stop()
            raise

    def _wait(self, process: subprocess.Popen[bytes], is_ready: Callable[[], bool]) -> None:
        ends = time.monotonic() + START_SECONDS
        while not is_ready():
            if process.poll() is not None or time.monotonic() > ends:
                raise LocalError(f"dockerd doesn't start. The end of {self.log}:\n{tail(self.log, 5)}")
            time.sleep(LOOK_SECONDS)

    def stop(self) -> bool:
        """Stops the engine that `start` started, and the containers that it runs. Says whether there was one."""
        pid = self._running_pid()
        if pid:
            _signal(pid, signal.SIGTERM)
            ends = time.monotonic() + STOP_SECONDS
            while _is_dockerd(pid) and time.monotonic() < ends:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
                time.sleep(LOOK_SECONDS)
            _signal(pid, signal.SIGKILL)
        self._note.unlink(missing_ok=True)
        return pid is not None

    def _running_pid(self) -> int | None:
        with suppress(FileNotFoundError, ValueError):
            pid = int(self._note.read_text("utf-8"))
            return pid if _is_dockerd(pid) else None
        return None

    def _options(self) -> list[str]:
        if not self._folder:
            return []
        folder = str(self._folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        paths = {"data-root": f"{folder}/data", "exec-root": f"{folder}/exec", "pidfile": f"{folder}/docker.pid"}
        return [*(f"--{name}={path}" for name, path in paths.items()), f"--host=unix://{folder}/docker.sock"]

    def _forget_dead_owner(self) -> None:
        """A killed dockerd leaves its file, and the next refuses to start when any other process has that number by now."""
        pidfile = self._folder / "docker.pid" if self._folder else DEFAULT_PIDFILE
        with suppress(FileNotFoundError, ValueError):
            if not _is_dockerd(int(pidfile.read_text("utf-8"))):
                pidfile.unlink()


def _is_dockerd(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/comm").read_text("utf-8").strip() == "dockerd" and not _is_dead(pid)
    return False


def _is_dead(pid: int) -> bool:
    """A process that has ended stays listed until its parent has asked."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"


def _signal(pid: int, signum: signal.Signals) -> None:
    if _is_dockerd(pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signum)
