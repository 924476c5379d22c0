"""One process of the stack. It gets an environment, logs to a file, and is stopped by its id."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import httpx

from harness import plain_http
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Process:
    """A service that a test can start, wait for, stop, kill and start again on the same ports."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], ready_url: str, log: Path, auth: httpx.Auth | None = None
    ) -> None:
        self.name = name
        self._auth = auth
        self._command = command
        self._env = {**os.environ, **env}
        self.ready_url = ready_url
        self._log = log
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._popen is not None, f"{self.name} isn't started"
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._popen = subprocess.Popen(self._command, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_until_ready(self, within: float = 90) -> None:
        eventually(self._is_ready, within=within, what=f"{self.name} ready at {self.ready_url}", every=0.1)

    def _is_ready(self) -> bool:
        if not self.is_running:
            raise RuntimeError(f"{self.name} ended with {self._popen and self._popen.returncode}:\n{self.log_tail()}")
        try:
            return plain_http.get(self.ready_url, timeout=2, auth=self._auth).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def answer_to(self, path: str, headers: Mapping[str, str] | None = None) -> int:
        """Return the status of a request to the port for operators."""
        return plain_http.get(self.ready_url.replace("/readyz", path), headers=headers, timeout=5).status_code

    def terminate(self, within: float = 15) -> int:
        """Send SIGTERM and return the exit code."""
        return self._end(signal.SIGTERM, within)

    def kill(self) -> None:
        """Send SIGKILL, as a crash would."""
        self._end(signal.SIGKILL, 10)

    def ask_to_stop(self, within: float = 10) -> None:
        """Send SIGTERM. Return when the process reports that it isn't ready any more."""
        os.kill(self.pid, signal.SIGTERM)
        eventually(lambda: not self._is_ready(), within=within, what=f"{self.name} stopping")

    def freeze(self) -> None:
        """Freeze the process: its connections stay open, and it doesn't answer."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, signum: int, within: float) -> int:
        assert self._popen is not None, f"{self.name} isn't started"
        self._popen.send_signal(signum)
        return self._popen.wait(within)

    def restart(self) -> None:
        self.start()
        self.wait_until_ready()

    def log_text(self) -> str:
        return self._log.read_text("utf-8", errors="replace")

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(self.log_text().splitlines()[-lines:])
