"""What testcontainers' reaper Ryuk does, without Ryuk's image: remove the containers of a test process that ended or was killed."""

from __future__ import annotations

import atexit
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError
from docker.models.containers import Container
from testcontainers.core.labels import LABEL_SESSION_ID, SESSION_ID

#: testcontainers puts this label on each container and network that this process creates.
OWN_LABEL = f"{LABEL_SESSION_ID}={SESSION_ID}"
REMOVE_SECONDS = 120


@cache
def start_reaper(label: str = OWN_LABEL) -> None:
    """Start a process that removes everything with the label once this process has ended.

    The kernel closes the pipe between the two when this process ends, even by SIGKILL.
    """
    command = [sys.executable, "-m", "harness.reaper", label]
    reaper = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, start_new_session=True)
    atexit.register(reaper.communicate, timeout=REMOVE_SECONDS)


def labelled(engine: docker.DockerClient, label: str) -> list[Any]:
    """Return the containers, networks and volumes with this label, in the order in which they can be removed."""
    filters = {"label": label}
    containers = engine.containers.list(all=True, filters=filters, ignore_removed=True)
    return [*containers, *engine.networks.list(filters=filters), *engine.volumes.list(filters=filters)]


def remove(engine: docker.DockerClient, label: str) -> None:
    for found in labelled(engine, label):
        # Another process may have removed it by now.
        with suppress(APIError):
            found.remove(**({"force": True, "v": True} if isinstance(found, Container) else {}))


def main(label: str) -> None:
    sys.stdin.read()
    engine = docker.from_env()
    # A container that the engine was just creating for the killed process appears after the first look.
    remove(engine, label)
    remove(engine, label)
    engine.close()


if __name__ == "__main__":
    main(sys.argv[1])
