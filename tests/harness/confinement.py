"""What the containers of a compose project may do: as the engine was told, and as a process inside finds it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.inside import run_inside
from harness.leftovers import engine_client

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"


@dataclass(frozen=True)
class Confinement:
    """The part of what the engine was told that confines a container."""

    host: dict[str, Any]

    @property
    def gaps(self) -> list[str]:
        """What isn't confined. Limits are of memory in bytes, of cores in billionths, of processes."""
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
    """What the first process of a container is, and what writing to the root of its file system says."""

    user_id: int
    capabilities: set[int]
    has_no_new_privileges: bool
    writing_to_root: str


def confinements(project: str) -> dict[str, Confinement]:
    """By service, those that have ended among them."""
    with engine_client() as client:
        return {service: Confinement(container.attrs["HostConfig"]) for service, container in _containers(client, project, ended=True)}


def look_inside(project: str) -> dict[str, Inside]:
    """By service, of those that run."""
    with engine_client() as client:
        return {service: _look_into(container) for service, container in _containers(client, project, ended=False)}


def _containers(client: DockerClient, project: str, *, ended: bool) -> list[tuple[str, Container]]:
    found = client.containers.list(all=ended, filters={"label": f"{PROJECT}={project}"})
    return [(container.labels[SERVICE], container) for container in found]


def _look_into(container: Container) -> Inside:
    _, status = run_inside(container, "cat", "/proc/1/status")
    fields = dict(re.findall(r"^(\w+):\s*(\S+)", status, re.MULTILINE))
    return Inside(
        user_id=int(fields["Uid"]),
        capabilities={int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")},
        has_no_new_privileges=fields["NoNewPrivs"] == "1",
        writing_to_root=run_inside(container, "touch", "/written")[1],
    )
