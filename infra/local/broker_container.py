"""RabbitMQ as one container, for a machine with an engine and without RabbitMQ."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

from infra.local.broker_node import LIMITS
from infra.local.ports import LOOPBACK

if TYPE_CHECKING:
    from infra.local.progress import Steps
    from infra.local.settings import Settings

#: This file exists if a container, and a volume, may have to be removed.
CONTAINER_NOTE = "broker-container"
ENGINE_SECONDS = 10


def has_engine() -> bool:
    """Return whether an engine for containers answers."""
    try:
        return _docker("info", seconds=ENGINE_SECONDS) == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False


def container_name(settings: Settings) -> str:
    """Gives a name of this checkout alone, for the container and for the volume that keeps its data."""
    return f"whynotboth-{hashlib.sha256(str(settings.root).encode()).hexdigest()[:8]}"


def pull_image(steps: Steps, settings: Settings) -> None:
    if _docker("image", "inspect", settings.rabbitmq_image) != 0:
        steps.command("docker-pull", ["docker", "pull", settings.rabbitmq_image], cwd=settings.root, variables=settings.variables)


def container_command(settings: Settings) -> list[str]:
    name = container_name(settings)
    (settings.data / CONTAINER_NOTE).write_text(f"{name}\n", "utf-8")
    publish = f"{LOOPBACK}:{settings.ports['BROKER_PORT']}:5672"
    volumes = ["--volume", f"{name}:/var/lib/rabbitmq", "--volume", f"{LIMITS}:/etc/rabbitmq/conf.d/30-limits.conf:ro"]
    # Without a fixed host name the node is another one after each start, and its data seem lost.
    return ["docker", "run", "--rm", "--name", name, "--hostname", "broker", "--publish", publish, *volumes, settings.rabbitmq_image]


def remove_container(settings: Settings, *, with_data: bool = False) -> None:
    """Remove this checkout's container, if there ever was one: a killed demo leaves it running."""
    if (settings.data / CONTAINER_NOTE).exists():
        _docker("rm", "--force", container_name(settings))
        if with_data:
            _docker("volume", "rm", "--force", container_name(settings))


def _docker(*arguments: str, seconds: float | None = None) -> int:
    return subprocess.run(["docker", *arguments], capture_output=True, check=False, timeout=seconds).returncode  # noqa: S607
