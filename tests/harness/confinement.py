"""How the containers of a compose project are confined: by the engine's settings, and as a process inside sees it."""

from __future__ import annotations

import atexit
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import docker

from harness.inside import run_inside

if TYPE_CHECKING:
    from docker.models.containers import Container

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"


@dataclass(frozen=True)
class Confinement:
    """The engine's settings that confine a container."""

    host: dict[str, Any]

    @property
    def gaps(self) -> list[str]:
        """Return the names of the limits that are missing."""
        kept = {
            "privileged": not self.host["Privileged"],
            "capabilities": self.host["CapDrop"] == ["ALL"] and not self.host["CapAdd"],
            "new privileges": "no-new-privileges:true" in (self.host["SecurityOpt"] or []),
            "writable root": self.host["ReadonlyRootfs"],
            "memory": self.host["Memory"] > 0,
            "cores": self.host["NanoCpus"] > 0,
            "processes": (self.host["PidsLimit"] or 0) > 0,
            "the host's namespaces": not {self.host["PidMode"], self.host["NetworkMode"], self.host["IpcMode"]} & {"host"},
        }
        return [what for what, is_kept in kept.items() if not is_kept]


@dataclass(frozen=True)
class Inside:
    """The rights of a container's first process, and the error of a write to the root of its file system."""

    user_id: int
    capabilities: set[int]
    has_no_new_privileges: bool
    writing_to_root: str


def confinements(project: str) -> dict[str, Confinement]:
    """Return the confinement of each service. Containers that have ended count too."""
    return {container.labels[SERVICE]: Confinement(container.attrs["HostConfig"]) for container in containers_of(project, ended=True)}


def look_inside(project: str) -> dict[str, Inside]:
    """Look into the running container of each service."""
    return {container.labels[SERVICE]: _look_into(container) for container in containers_of(project)}


def containers_of(project: str, service: str | None = None, *, ended: bool = False) -> list[Container]:
    labels = [f"{PROJECT}={project}", *([f"{SERVICE}={service}"] if service else [])]
    return list(_engine().containers.list(all=ended, filters={"label": labels}))


@cache
def _engine() -> docker.DockerClient:
    engine = docker.from_env()
    atexit.register(engine.close)
    return engine


def _look_into(container: Container) -> Inside:
    _, status = run_inside(container, "cat", "/proc/1/status")
    fields = dict(re.findall(r"^(\w+):\s*(\S+)", status, re.MULTILINE))
    return Inside(
        user_id=int(fields["Uid"]),
        capabilities={int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")},
        has_no_new_privileges=fields["NoNewPrivs"] == "1",
        writing_to_root=run_inside(container, "touch", "/written")[1],
    )
