"""One container for a test: on a port of the loopback that stays the same, and gone afterwards even if the test's process is killed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from docker.types import Ulimit

from harness.engine import require_image
from harness.leftovers import LABEL, removing_what_is_labelled, run_name
from infra.local.ports import LOOPBACK, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from docker.models.containers import Container


@contextmanager
def running_container(
    image: str,
    port: int,
    *,
    command: list[str] | None = None,
    variables: Mapping[str, str] | None = None,
    files: Mapping[str, Path] | None = None,
) -> Iterator[tuple[Container, int]]:
    """Gives the container, not ready yet, and the port of this machine that leads to its `port`. `files` are copied into it."""
    require_image(image)
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  asks for the engine when it is imported

    (host_port,) = free_ports(1)
    name = f"{run_name()}-{uuid4().hex[:8]}"
    specs: list[tuple[bytes | Path, str] | tuple[bytes | Path, str, int]] = [(file, target) for target, file in (files or {}).items()]
    container = DockerContainer(image, command=command, env=dict(variables or {}), transferables=specs)  # type: ignore[arg-type]
    # A fixed host name: RabbitMQ's node is named after it. Few files: Erlang reserves memory for as many as it may open.
    options = {"hostname": "container", "labels": {LABEL: name}, "ulimits": [Ulimit(name="nofile", soft=10000, hard=10000)]}
    container.with_kwargs(**options)
    # with_bind_ports() would open it to the network.
    container.ports[str(port)] = (LOOPBACK, host_port)  # type: ignore[assignment]
    with removing_what_is_labelled(name), container:
        yield container.get_wrapped_container(), host_port
