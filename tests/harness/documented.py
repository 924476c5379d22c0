"""Pages of documentation: their commands with the output that they show, and a shell that runs these commands on another port."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = re.compile(r"```sh\n(.+?)\n```(?:\n```(json|text)\n(.+?)\n```)?", re.DOTALL)
RUN_SECONDS = 60


@dataclass(frozen=True)
class Step:
    command: str
    #: The language of the block that shows the output: `json`, `text`, or empty where there is none.
    language: str
    shown: str


class Page:
    def __init__(self, path: Path) -> None:
        self._text = path.read_text("utf-8")

    def steps(self, title: str) -> list[Step]:
        """Return the commands below a heading, in their order."""
        return [Step(*(part or "" for part in found)) for found in BLOCK.findall(self.section(title))]

    def section(self, title: str) -> str:
        """Return the text below a heading."""
        return self._text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


class Shell:
    """Runs commands one after the other as in one terminal, so that variables stay. Replaces the demo's address by the gateway's."""

    def __init__(self, root: Path, port: int, folder: Path) -> None:
        self._root = root
        self._port = port
        self._variables = folder / "variables.sh"
        self._variables.touch()

    def run(self, command: str) -> str:
        """Return what the command prints. Fail where it fails."""
        return subprocess.run(self._call(command), cwd=self._root, capture_output=True, text=True, check=True, timeout=RUN_SECONDS).stdout

    def first_line(self, command: str) -> tuple[str, str]:
        """Start a command that doesn't end by itself, and interrupt it after its first line. Return that line and its error output."""
        with subprocess.Popen(
            self._call(command), cwd=self._root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            assert process.stdout
            assert process.stderr
            line = process.stdout.readline()
            os.killpg(process.pid, signal.SIGINT)
            try:
                return line, process.communicate(timeout=RUN_SECONDS)[1]
            finally:
                # A command that the interrupt doesn't end would otherwise be waited for without end.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _call(self, command: str) -> list[str]:
        here = command.replace("http://127.0.0.1:3000", f"http://127.0.0.1:{self._port}")
        kept = shlex.quote(str(self._variables))
        # `make test` passes flags to all programs that it starts. A reader's terminal has none.
        alone = "unset MAKEFLAGS MFLAGS MAKELEVEL"
        return ["bash", "-ec", f"set -a; . {kept}; {alone}; GATEWAY_PORT={self._port}\n{here}\nexport -p > {kept}"]


def shape(value: Any) -> Any:
    """Return the names in a JSON value, those of the first element for a list, and None for other values."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return [shape(part) for part in value[:1]] if isinstance(value, list) else None
