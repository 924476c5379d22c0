"""Installs what the stack needs into the checkout, each part only when its lock file has changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.local.broker_choice import BrokerChoice, choose_broker
from infra.local.broker_container import pull_image
from infra.local.errors import LocalError
from infra.local.installers import NPM_ALL, NPM_SHIPPED, npm_variables, pip_variables
from infra.local.machine import can_install_packages
from infra.local.node_runtime import link_node
from infra.local.packages import install_packages, keep_service_off
from infra.local.plain_names import check_name
from infra.local.private_folders import make_private
from infra.local.progress import Progress, Steps
from infra.local.python_environment import has_environment, make_environment, name_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from infra.local.settings import Settings

PIP = (
    "pip",
    "install",
    "--require-hashes",
    "--no-deps",
    # A package's own set-up would be code that runs before anybody has read it.
    "--only-binary=:all:",
    "--no-compile",
    "--no-input",
    "--progress-bar",
    "off",
    "--disable-pip-version-check",
)


@dataclass(frozen=True, slots=True)
class Part:
    """Something to install, and the stamp that says from which lock file it was."""

    name: str
    lock: Path
    stamp: Path
    install: Callable[[], None]
    variant: str = ""

    @property
    def _fingerprint(self) -> str:
        return f"{hashlib.sha256(self.lock.read_bytes()).hexdigest()} {self.variant}"

    @property
    def is_done(self) -> bool:
        return self.stamp.exists() and self.stamp.read_text("utf-8").startswith(self._fingerprint)

    def run(self) -> None:
        self.stamp.unlink(missing_ok=True)
        self.install()
        self.stamp.parent.mkdir(exist_ok=True)
        self.stamp.write_text(self._fingerprint, "utf-8")


@dataclass(frozen=True, slots=True)
class Installing:
    """What others wait for: nothing, where all was installed before."""

    python_packages: list[Future[None]]
    broker: list[Future[None]]


class Installation:
    """The parts of the stack on this machine. With tools it has what tests and checks need, too."""

    def __init__(self, settings: Settings, steps: Steps, *, with_tools: bool) -> None:
        check_name(settings.root)
        self._settings = settings
        self._steps = steps
        self._with_tools = with_tools

    def start(self, broker: BrokerChoice) -> Installing:
        """Starts what isn't done yet, side by side as far as the parts don't need each other."""
        environment = self._start_environment()
        runtime = self._start(self._python_part("Node", "infra/local"), environment)
        services = self._start(self._python_part("Python packages", "ml_service_py"), environment)
        if self._with_tools:
            self._start(self._python_part("Python tools", "tests"), environment)
        self._start(self._node_part(), runtime)
        return Installing(services, self._start_broker(broker, environment))

    def _start_environment(self) -> list[Future[None]]:
        if has_environment(self._settings):
            name_sources(self._settings)
            return []
        return [self._steps.start("Python environment", lambda: make_environment(self._settings, self._steps))]

    def _start_broker(self, broker: BrokerChoice, environment: Sequence[Future[None]]) -> list[Future[None]]:
        if broker is BrokerChoice.PACKAGE:
            return [self._steps.start("RabbitMQ", self._install_rabbitmq, environment)]
        if broker is BrokerChoice.CONTAINER:
            return [self._steps.start("RabbitMQ's image", self._pull_image)]
        return []

    def _start(self, part: Part, after: Sequence[Future[None]]) -> list[Future[None]]:
        return [] if part.is_done else [self._steps.start(part.name, part.run, after)]

    def _python_part(self, name: str, folder: str) -> Part:
        lock = self._settings.root / folder / "requirements.lock"
        log = f"pip-{folder.replace('/', '-')}"

        def install() -> None:
            command = [str(self._settings.python), "-I", "-m", *PIP, "-r", str(lock)]
            variables = pip_variables(self._settings.python, self._settings.variables)
            self._steps.command(log, command, cwd=self._settings.root, variables=variables)

        return Part(name, lock, self._settings.venv / "installed" / log, install)

    def _node_part(self) -> Part:
        folder = self._settings.root / "gateway_node"
        stamp = self._settings.node_modules / ".installed"
        kinds = NPM_ALL if self._with_tools else NPM_SHIPPED

        def install() -> None:
            link_node(self._settings)
            npm = str(self._settings.venv / "bin" / "npm")
            variables = npm_variables(self._settings.machine_path, self._settings.variables)
            self._steps.command("npm", [npm, "ci", *kinds], cwd=folder, variables=variables)

        # What was installed with tools starts like what was installed without them.
        return Part("Node packages", folder / "package-lock.json", stamp, install, "with tools" if self._with_tools else "")

    def _install_rabbitmq(self) -> None:
        install_packages(self._steps, self._settings, "rabbitmq-server")
        keep_service_off("rabbitmq-server")

    def _pull_image(self) -> None:
        try:
            pull_image(self._steps, self._settings)
        except LocalError:
            # An engine without a way to a registry: the package is the next of the ways.
            if not can_install_packages():
                raise
            self._install_rabbitmq()


def install_with_tools(settings: Settings) -> None:
    """`make install`: what the tests and checks need."""
    progress = Progress()
    make_private(settings.run)
    steps = Steps(progress, settings.logs)
    Installation(settings, steps, with_tools=True).start(choose_broker(settings))
    steps.wait()
    link_node(settings)
