"""Short questions to the engine, through its command line. What takes long and what a person should see runs elsewhere."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from infra.local.errors import LocalError

if TYPE_CHECKING:
    from infra.images.settings import Settings

ANSWER_SECONDS = 60


def ask(settings: Settings, *arguments: str, seconds: float = ANSWER_SECONDS, with_errors: bool = False) -> str | None:
    """Gives what `docker ARGUMENTS` prints, None where it fails. With errors: also what it writes on standard error."""
    try:
        answer = subprocess.run(
            ["docker", *arguments],  # noqa: S607
            env=settings.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if with_errors else subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=seconds,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def must_ask(settings: Settings, *arguments: str) -> str:
    answer = ask(settings, *arguments)
    if answer is None:
        raise LocalError(f"`docker {' '.join(arguments)}` failed: run it by hand to see why.")
    return answer
