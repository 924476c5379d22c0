"""docker compose on this repository's file, with the stand-ins that were built and the person's own variables."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.images.docker import ask

if TYPE_CHECKING:
    from infra.images.settings import Settings

ONE_GATEWAY = Path(__file__).with_name("one-gateway.env")


class Compose:
    def __init__(self, settings: Settings, *, has_one_gateway: bool = True) -> None:
        self._settings = settings
        # The later file has the last word, and the environment has it over all.
        files = [ONE_GATEWAY] if has_one_gateway else []
        files += [file for file in (settings.image_names, settings.root / ".env") if file.exists()]
        self._command = ["compose", f"--project-directory={settings.root}", *(f"--env-file={file}" for file in files)]

    def run(self, *arguments: str) -> int:
        """Runs a command that speaks to the person; gives its exit code."""
        return self._popen(arguments).wait()

    def run_noting(self, *arguments: str) -> tuple[int, str]:
        """Runs a command that speaks to the person, and gives what it said, too."""
        lines = []
        with self._popen(arguments, stderr=subprocess.PIPE) as process:
            for line in process.stderr or ():
                sys.stderr.write(line)
                lines.append(line)
        return process.returncode, "".join(lines)

    def ask(self, *arguments: str, seconds: float = 60) -> str | None:
        return ask(self._settings, *self._command, *arguments, seconds=seconds)

    def containers(self) -> list[dict[str, Any]]:
        """Gives what compose knows of each container, the ended ones too: a JSON object a line."""
        return [json.loads(line) for line in (self.ask("ps", "--all", "--format", "json") or "").splitlines()]

    def log(self, service: str, lines: int) -> str:
        """Gives the end of what the service's container wrote; of the first, where there are several."""
        container = next((container["ID"] for container in self.containers() if container["Service"] == service), None)
        return (ask(self._settings, "logs", f"--tail={lines}", container, with_errors=True) or "") if container else ""

    def _popen(self, arguments: tuple[str, ...], stderr: int | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(["docker", *self._command, *arguments], env=self._settings.variables, stderr=stderr, text=True)  # noqa: S607
