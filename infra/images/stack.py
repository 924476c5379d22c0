"""The stack in containers: build, up, down. If the stack doesn't start, print one sentence that says why, and remove its containers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.images.compose import Compose, explain
from infra.images.docker import check_engine, require_plugins
from infra.local.errors import LocalError
from infra.local.progress import Progress

WAIT_SECONDS = 300
DOWN_SECONDS = 120


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
    """Start the stack, and wait until every part is healthy. Print their addresses. If it fails, remove the containers."""
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
