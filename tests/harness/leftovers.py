"""What a run of tests makes in the engine, found by label and removed: at the run's end, when it is killed, and by the next one."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import psutil
from docker.errors import APIError, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

LABEL = "whynotboth.test"
#: By its project's name compose labels all that it makes, so a project of the tests is named as their run is.
LABELS = (LABEL, "com.docker.compose.project")
REMOVE_SECONDS = 120


def run_name() -> str:
    """The name of this run: it tells the machine and the process, so that the next run sees whether it has ended."""
    return f"{_prefix()}{os.getpid()}-{int(psutil.Process().create_time())}"


@contextmanager
def removing_what_is_labelled(name: str) -> Iterator[None]:
    """Removes what earlier runs left, and at the end what carries this name, even if this process is killed.

    A process of its own does it as soon as its standard input is closed, which the system sees to in any case.
    """
    with engine_client() as client:
        remove_leftovers(client)
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.leftovers", name], cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield
    finally:
        process.communicate(timeout=REMOVE_SECONDS)
    assert process.returncode == 0, f"not everything that is labelled {name} could be removed"


@contextmanager
def engine_client() -> Iterator[DockerClient]:
    client = docker.from_env()
    try:
        yield client
    finally:
        client.close()


def remove_leftovers(client: DockerClient) -> None:
    """Removes what runs of this machine have left that don't run any more."""
    things = [*client.containers.list(all=True, ignore_removed=True), *client.volumes.list(), *client.networks.list()]
    labels = [thing.attrs.get("Labels") or getattr(thing, "labels", None) or {} for thing in things]
    names = {str(found[label]) for found in labels for label in LABELS if label in found}
    for name in names:
        if name.startswith(_prefix()) and not _is_running(name):
            remove_labelled(client, name)


def remove_labelled(client: DockerClient, name: str) -> None:
    filters = [{"label": f"{label}={name}"} for label in LABELS]
    for container in [found for each in filters for found in client.containers.list(all=True, filters=each, ignore_removed=True)]:
        with suppress(NotFound):
            container.remove(force=True, v=True)
    for network in [found for each in filters for found in client.networks.list(filters=each)]:
        with suppress(NotFound):
            network.remove()
    for volume in [found for each in filters for found in client.volumes.list(filters=each)]:
        with suppress(NotFound):
            volume.remove(force=True)


def labelled(client: DockerClient, name: str) -> list[str]:
    """What carries the name still."""
    filters = [{"label": f"{label}={name}"} for label in LABELS]
    containers = [found.name for each in filters for found in client.containers.list(all=True, filters=each, ignore_removed=True)]
    networks = [found.name for each in filters for found in client.networks.list(filters=each)]
    volumes = [found.name for each in filters for found in client.volumes.list(filters=each)]
    return [str(name) for name in (*containers, *networks, *volumes)]


def _prefix() -> str:
    return f"whynotboth-test-{hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]}-"


def _is_running(name: str) -> bool:
    pid, created, *_ = name.removeprefix(_prefix()).split("-")
    with suppress(psutil.NoSuchProcess):
        return int(psutil.Process(int(pid)).create_time()) == int(created)
    return False


def main(name: str) -> None:
    sys.stdin.read()
    with engine_client() as client:
        try:
            remove_labelled(client, name)
        except APIError:
            # A container that was being made when its maker was killed holds the network: what is there by now is all.
            remove_labelled(client, name)


if __name__ == "__main__":
    main(sys.argv[1])
