"""The programs of the stack: commands, the order in which they stop, and how to see that a service is ready."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.direct_http import fetch
from infra.local.ports import LOOPBACK
from infra.local.settings import Settings

#: More room for short-lived objects, as in the gateway's Dockerfile: docs/explanation/performance.md.
NODE_ROOM = "--max-semi-space-size=64"
#: Programs of a higher stage stop earlier, those of one stage together.
EPMD, BROKER, SERVICES = range(3)
#: Seconds until SIGKILL, by stage. `make demo` promises an end within 15 s.
STOP_SECONDS = (1, 5, 8)


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: Sequence[str]
    folder: Path
    is_ready: Callable[[], bool]
    variables: Mapping[str, str] = field(default_factory=dict)
    stage: int = SERVICES


def service_programs(settings: Settings, *, is_reloading: bool) -> list[Program]:
    """Return the three services. Reloading ones start again when a source changes."""
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
    # A faster start from TypeScript that was compiled before, and a provider's keys through a proxy.
    of_node = {"NODE_COMPILE_CACHE": f"{settings.run}/cache/node", "NODE_USE_ENV_PROXY": "1"}
    ports = settings.ports
    return [
        Program("recommender", commands["recommender"], settings.root, lambda: _answers_ready(ports["RECOMMENDER_OPS_PORT"])),
        Program("worker", commands["worker"], settings.root, lambda: _answers_ready(ports["WORKER_OPS_PORT"])),
        Program("gateway", node, settings.root / "gateway_node", lambda: _answers_ready(ports["GATEWAY_PORT"]), of_node),
    ]


def _answers_ready(port: int) -> bool:
    try:
        fetch(f"http://{LOOPBACK}:{port}/readyz", within=2)
    except OSError:
        return False
    return True
