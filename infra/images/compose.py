"""docker compose on this repository's file, with the stand-ins that were built and the person's own variables."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.images.docker import ask
from infra.images.settings import IMAGE_NAMES, ROOT

ONE_GATEWAY = Path(__file__).with_name("one-gateway.env")


class Compose:
    def __init__(self, *, has_one_gateway: bool = True) -> None:
        # A later file overrules an earlier one, and the environment overrules all.
        files = [ONE_GATEWAY] if has_one_gateway else []
        files += [file for file in (IMAGE_NAMES, ROOT / ".env") if file.exists()]
        self._command = ["compose", f"--project-directory={ROOT}", *(f"--env-file={file}" for file in files)]

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command whose output the person sees. Return its exit code, and what it wrote to standard error."""
        command = ["docker", *self._command, *arguments]
        lines = []
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr or ():
                sys.stderr.write(line)
                lines.append(line)
        return process.returncode, "".join(lines)

    def ask(self, *arguments: str, seconds: float = 60) -> str | None:
        return ask(*self._command, *arguments, seconds=seconds)

    def containers(self) -> list[dict[str, Any]]:
        """Return compose's description of each container, of ended ones too. Compose prints a JSON object a line."""
        return [json.loads(line) for line in (self.ask("ps", "--all", "--format", "json") or "").splitlines()]

    def log(self, service: str, lines: int) -> str:
        """Return the end of the log of the service's containers."""
        return self.ask("logs", "--no-color", "--no-log-prefix", f"--tail={lines}", service) or ""
