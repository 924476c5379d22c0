"""The stack in containers: build, up, down. If the stack doesn't start, print one sentence that says why, and remove its containers."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.images.compose import Compose
from infra.images.docker import check_engine, must_ask, require_plugins
from infra.images.failures import explain
from infra.local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.progress import Progress

WAIT_SECONDS = 300
DOWN_SECONDS = 120
STATS = ("stats", "--no-stream", "--format", "{{.Name}}\t{{.MemUsage}}")
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def check(progress: Progress, _arguments: list[str]) -> int:
    """Raise LocalError if no container engine can be used. Like every command: take the arguments for compose, return an exit code."""
    check_engine()
    progress.say("the container engine answers")
    return 0


def build(progress: Progress, arguments: list[str]) -> int:
    """Build the images of the services."""
    _check()
    code, _ = Compose().run("build", *arguments)
    if code == 0:
        progress.say("the images of the services are built")
    return code


def up(progress: Progress, arguments: list[str]) -> int:
    """Start the stack, and wait until every part is healthy. Print the parts' addresses and memory. If it fails, remove the containers."""
    _check()
    compose = Compose(has_one_gateway=not any("gateway=" in argument for argument in arguments))
    try:
        with _news_of_init(compose, progress):
            code, output = compose.run("up", "--detach", "--wait", "--wait-timeout", str(WAIT_SECONDS), *arguments)
        if code != 0:
            raise LocalError(explain(compose, output))
    except BaseException:
        compose.ask("down", seconds=DOWN_SECONDS)
        raise
    _describe(progress, [container for container in compose.containers() if container["State"] == "running"])
    return 0


def down(_progress: Progress, arguments: list[str]) -> int:
    _check()
    return Compose().run("down", *arguments)[0]


def _check() -> None:
    check_engine()
    require_plugins()


@contextmanager
def _news_of_init(compose: Compose, progress: Progress, silence_seconds: float = 5) -> Iterator[None]:
    """Print new lines of init's log while the block runs: compose waits in silence for the import and the training, a minute or more."""
    has_ended = threading.Event()

    def print_news() -> None:
        printed = ""
        while not has_ended.wait(silence_seconds):
            line = compose.log("init", lines=1)
            if line != printed:
                progress.say(f"init: {line}")
            printed = line

    thread = threading.Thread(target=print_news)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        thread.join()


def _describe(progress: Progress, containers: list[dict[str, Any]]) -> None:
    progress.say("all parts are healthy: " + ", ".join(sorted(container["Name"] for container in containers)))
    for container in sorted(containers, key=lambda container: str(container["Name"])):
        for port in (port for port in container["Publishers"] or () if port["PublishedPort"]):
            progress.say(f"{container['Service']}: http://{port['URL']}:{port['PublishedPort']}")
    progress.say(memory_report(must_ask(*STATS, *(container["ID"] for container in containers))))


def memory_report(stats: str) -> str:
    """Sum the memory of containers as the engine counts it: without the kernel's inactive page cache."""
    rows = [row.split("\t") for row in stats.splitlines()]
    used = {name: _mebibytes(usage.partition(" / ")[0]) for name, usage in rows}
    parts = ", ".join(f"{name} {size:.0f}" for name, size in sorted(used.items()))
    return f"memory: {sum(used.values()):.0f} MiB ({parts})"


def _mebibytes(text: str) -> float:
    """Read a size as the engine writes it, such as `98.3MiB`."""
    size = re.fullmatch(r"([\d.]+)\s*(\w+)", text.strip())
    if not size:
        raise ValueError(f"not a size: {text}")
    return float(size[1]) * UNITS[size[2]] / UNITS["MiB"]
