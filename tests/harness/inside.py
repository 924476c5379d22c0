"""Runs commands in containers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.waiting import eventually

if TYPE_CHECKING:
    from docker.models.containers import Container

SCRIPT = 'echo began; "$@" 2>&1; printf "\\nended %d" $?'
WHOLE = re.compile(r"began\n(.*)\nended (\d+)", re.DOTALL)
OUTPUT_SECONDS = 20


def run_inside(container: Container, *command: str) -> tuple[int, str]:
    """Run a command in a container. Return its exit code and its whole output.

    The command may run more than once, because an engine can lose the output of a short one (docker/docker-py#2042).
    """

    def whole() -> tuple[int, str] | None:
        found = WHOLE.fullmatch(container.exec_run(["sh", "-c", SCRIPT, "sh", *command]).output.decode())
        return (int(found[2]), found[1]) if found else None

    return eventually(whole, within=OUTPUT_SECONDS, what=f"the whole output of {command}")
