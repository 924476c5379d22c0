"""One container of the stack. A test can stop, kill, freeze or disconnect it, and start it again on the same port."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

import httpx
from docker.errors import APIError
from testcontainers.core.container import DockerContainer

from harness import plain_http
from harness.engine import publish
from harness.inside import run_inside
from harness.ports import LOOPBACK
from harness.sign_in import OPERATOR
from harness.waiting import eventually

if TYPE_CHECKING:
    from testcontainers.core.network import Network

STOP_SECONDS = 15
#: Compose labels the images that it builds. Without this, a container would inherit the label and count as one of the project's.
NO_PROJECT = {"com.docker.compose.project": ""}
READY_SECONDS = 120
PAUSE_SECONDS = 30


@dataclass(frozen=True)
class Recipe:
    """How to run one part. `alias` is its name on the network, which replicas share; `port` is published.

    The part is ready when `probe` succeeds inside the container; without a probe, when the port's `/readyz` succeeds.
    """

    image: str
    alias: str
    command: list[str] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    volumes: dict[str, tuple[str, str]] = field(default_factory=dict)
    port: int | None = None
    probe: tuple[str, ...] = ()


class ContainerPart:
    def __init__(self, recipe: Recipe, network: Network) -> None:
        self.name = recipe.alias
        self._probe = recipe.probe
        self._network = network
        # The tests check readiness themselves, sooner than the image's own check would.
        options = {"labels": NO_PROJECT, "hostname": recipe.alias, "healthcheck": {"test": ["NONE"]}}
        container = DockerContainer(recipe.image, command=recipe.command, **options)  # type: ignore[arg-type]
        container.with_network(network).with_network_aliases(recipe.alias).with_envs(**recipe.environment)
        for source, (folder, mode) in recipe.volumes.items():
            container.with_volume_mapping(source, folder, mode)
        self.port = publish(container, recipe.port) if recipe.port else 0
        self._container = container

    def start(self) -> Self:
        self._container.start()
        return self

    def run_to_its_end(self, within: float) -> None:
        """Start the container, and wait until it has exited with 0."""
        self._container.start()
        code = self._container.get_wrapped_container().wait(timeout=within)["StatusCode"]
        assert code == 0, f"{self.name} ended with {code}:\n{self.log_tail()}"

    def wait_until_ready(self, within: float = READY_SECONDS) -> None:
        # A probe inside the container costs the engine more than a request to its port.
        every = 0.5 if self._probe else 0.1
        eventually(self.is_ready, within=within, what=f"{self.name} ready", every=every)

    def execute(self, *command: str) -> tuple[int, str]:
        return run_inside(self._container.get_wrapped_container(), *command)

    def metric(self, name: str) -> float:
        return plain_http.metric(f"http://{LOOPBACK}:{self.port}", name, headers=OPERATOR)

    def terminate(self) -> int:
        """Send SIGTERM as the platform does. Return the exit code."""
        container = self._container.get_wrapped_container()
        container.stop(timeout=STOP_SECONDS)
        return int(container.wait(timeout=5)["StatusCode"])

    def kill(self) -> None:
        """Send SIGKILL, as a crash would."""
        self._container.get_wrapped_container().kill()

    def restart(self) -> None:
        self.start_again()
        self.wait_until_ready()

    def start_again(self) -> None:
        self._container.get_wrapped_container().start()

    def pause(self) -> None:
        """Freeze the container: its connections stay open, and it doesn't answer. A busy engine may need several attempts."""
        eventually(self._try_to_pause, within=PAUSE_SECONDS, what=f"{self.name} frozen")

    def unpause(self) -> None:
        self._container.get_wrapped_container().unpause()

    def disconnect(self) -> None:
        """Disconnect the container from the network. The others get no answer and no error."""
        self._network._unwrap_network.disconnect(self._container.get_wrapped_container().id)  # noqa: SLF001  it can only connect

    def reconnect(self) -> None:
        self._network.connect(self._container.get_wrapped_container().id, [self.name])

    def remove(self) -> None:
        self._container.stop()

    def log_tail(self, lines: int | Literal["all"] = 30) -> str:
        return str(self._container.get_wrapped_container().logs(tail=lines).decode("utf-8", errors="replace"))

    def is_ready(self) -> bool:
        """Say whether the part is ready. Raise RuntimeError when its container has ended."""
        self._check_running()
        if self._probe:
            return self._container.exec(list(self._probe)).exit_code == 0
        try:
            return plain_http.get(f"http://{LOOPBACK}:{self.port}/readyz", timeout=2).is_success
        except httpx.TransportError:
            return False

    def _try_to_pause(self) -> bool:
        try:
            self._container.get_wrapped_container().pause()
        except APIError:
            return False
        return True

    def _check_running(self) -> None:
        container = self._container.get_wrapped_container()
        container.reload()
        if container.status == "exited":
            raise RuntimeError(f"{self.name} ended:\n{self.log_tail()}")
