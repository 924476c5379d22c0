"""Short questions to the engine for containers, through its command line."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from infra.local.errors import LocalError

#: The engine that the person names, empty for the one that docker finds.
DOCKER_HOST = os.environ.get("DOCKER_HOST", "")
ANSWER_SECONDS = 60
LOOK_SECONDS = 15
OLDEST_ENGINE = (20, 10)
#: The first version that waits for a step that runs once, and takes several files of variables.
OLDEST_COMPOSE = (2, 24)
NEEDED_BYTES = 5_000_000_000
NO_ENGINE = (
    "No engine for containers answers: start yours (such as Docker Desktop, or `systemctl start docker`), or name it in DOCKER_HOST. "
    "As root on Debian or Ubuntu, `infra/offline/with-engine COMMAND` starts one."
)
NO_PLUGINS = (
    "`docker compose` 2.24 or newer and buildx are missing: install Docker's plugins, "
    "or run `make images-offline`, which takes them from Debian's packages."
)


def ask(*arguments: str, seconds: float = ANSWER_SECONDS) -> str | None:
    """Return the output of `docker ARGUMENTS`, None where it fails."""
    try:
        answer = subprocess.run(
            ["docker", *arguments],  # noqa: S607
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def check_engine() -> None:
    """Raise LocalError where no engine answers, or one that is too old or has no room."""
    version = ask("version", "--format", "{{.Server.Version}}", seconds=LOOK_SECONDS)
    if not version:
        named = f"DOCKER_HOST names {DOCKER_HOST}, and no engine answers there: start it, or unset DOCKER_HOST."
        raise LocalError(named if DOCKER_HOST else NO_ENGINE)
    if _numbers(version) < OLDEST_ENGINE:
        raise LocalError(f"The engine is Docker {version}, and {'.'.join(map(str, OLDEST_ENGINE))} or newer is needed: update it.")
    folder = ask("info", "--format", "{{.DockerRootDir}}")
    # The engine may run on another machine, or in a virtual one.
    free = shutil.disk_usage(folder).free if folder and Path(folder).exists() else NEEDED_BYTES
    if free < NEEDED_BYTES:
        raise LocalError(
            f"The engine's folder {folder} has {free / 1e9:.1f} GB left, and {NEEDED_BYTES / 1e9:.0f} GB are needed: "
            "make room, as with `docker system prune`."
        )


def require_plugins() -> None:
    compose = ask("compose", "version", "--short")
    if compose is None or _numbers(compose) < OLDEST_COMPOSE or ask("buildx", "version") is None:
        raise LocalError(NO_PLUGINS)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
