"""The programs of the stack: commands, the order in which they stop, and how to see that each is ready."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.local import direct_http
from infra.local.broker_container import container_command
from infra.local.ports import LOOPBACK, is_open

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from infra.local.broker_choice import BrokerChoice
    from infra.local.settings import Settings

#: More room for what is short-lived, as in the gateway's Dockerfile: docs/explanation/performance.md.
NODE_ROOM = "--max-semi-space-size=64"
#: Programs of a higher stage stop earlier, those of one stage together.
EPMD, BROKER, SERVICES = range(3)
# Seconds until SIGKILL. The stages stop one after the other, and `make demo` promises an end within 15 s.
SERVICE_STOP_SECONDS = 8
BROKER_STOP_SECONDS = 5
EPMD_STOP_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: Sequence[str]
    folder: Path
    stop_seconds: int
    is_ready: Callable[[], bool]
    variables: Mapping[str, str] = field(default_factory=dict)
    stage: int = SERVICES


def broker_programs(settings: Settings, choice: BrokerChoice) -> list[Program]:
    if not choice.is_ours:
        return []
    if not choice.is_private_node:
        return [_broker(settings, container_command(settings), {})]
    node = settings.broker_node
    node.prepare()
    epmd = Program(
        "epmd",
        node.epmd_command(),
        settings.root,
        EPMD_STOP_SECONDS,
        lambda: is_open(LOOPBACK, node.ports.epmd),
        node.variables(),
        EPMD,
    )
    return [epmd, _broker(settings, node.server_command(), node.variables())]


def _broker(settings: Settings, command: Sequence[str], variables: Mapping[str, str]) -> Program:
    port = settings.ports["BROKER_PORT"]
    return Program("broker", command, settings.root, BROKER_STOP_SECONDS, lambda: is_open(LOOPBACK, port), variables, BROKER)


def service_programs(settings: Settings, *, is_reloading: bool) -> list[Program]:
    """Gives the three services; reloading ones start again when a source changes."""
    python = str(settings.python)
    source = f"{settings.root}/ml_service_py/src"
    commands = {name: [python, "-m", "ml_service", verb] for name, verb in (("recommender", "serve"), ("worker", "work"))}
    if is_reloading:
        commands = {
            name: [python, "-m", "watchfiles", "--filter", "python", shlex.join(command), source] for name, command in commands.items()
        }
    # The page's files too: the gateway reads them once.
    watching = ["--watch-path=src", "--watch-path=web"] if is_reloading else []
    node = [f"{settings.venv}/bin/node", NODE_ROOM, *watching, "src/main.ts"]
    return [
        _service("recommender", commands["recommender"], settings.root, settings.ports["RECOMMENDER_OPS_PORT"]),
        _service("worker", commands["worker"], settings.root, settings.ports["WORKER_OPS_PORT"]),
        _service("gateway", node, settings.root / "gateway_node", settings.ports["GATEWAY_PORT"], _of_node(settings)),
    ]


def _of_node(settings: Settings) -> Mapping[str, str]:
    """Let Node keep what it makes of the TypeScript, for a faster start, and fetch a provider's keys through a proxy."""
    return {"NODE_COMPILE_CACHE": f"{settings.run}/cache/node", "NODE_USE_ENV_PROXY": "1"}


def _service(name: str, command: Sequence[str], folder: Path, port: int, variables: Mapping[str, str] | None = None) -> Program:
    return Program(name, command, folder, SERVICE_STOP_SECONDS, lambda: _answers_ready(port), variables or {})


def _answers_ready(port: int) -> bool:
    try:
        return direct_http.get_status(f"http://{LOOPBACK}:{port}/readyz", within=2) == 200
    except OSError:
        return False
