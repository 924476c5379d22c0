"""The stack in containers: build, up, down. When it doesn't come up, one sentence says why, and nothing of it stays."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.images.compose import Compose
from infra.images.engine import check_engine
from infra.images.failures import explain
from infra.images.memory import memory_report
from infra.local.errors import LocalError
from infra.offline.plugins import has_plugins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.images.settings import Settings
    from infra.local.progress import Progress

WAIT_SECONDS = 300
DOWN_SECONDS = 120
SILENCE_SECONDS = 5
NO_COMPOSE = (
    "`docker compose` 2.24 or newer and buildx are missing: install Docker's plugins, "
    "or run `make images-offline`, which takes them from Debian's packages."
)


def build(settings: Settings, progress: Progress, arguments: list[str]) -> int:
    _check(settings)
    code = Compose(settings).run("build", *arguments)
    if code == 0:
        progress.say("the images of the services are built")
    return code


def up(settings: Settings, progress: Progress, arguments: list[str]) -> int:
    """Returns when every part is healthy, and says where it is and how much memory it takes."""
    _check(settings)
    compose = Compose(settings, has_one_gateway=not any("gateway=" in argument for argument in arguments))
    try:
        with _news_of_init(compose, progress):
            code, output = compose.run_noting("up", "--detach", "--wait", "--wait-timeout", str(WAIT_SECONDS), *arguments)
        if code != 0:
            raise LocalError(explain(compose, output))
    except BaseException:
        compose.ask("down", seconds=DOWN_SECONDS)
        raise
    _describe(settings, progress, [container for container in compose.containers() if container["State"] == "running"])
    return 0


def down(settings: Settings, _progress: Progress, arguments: list[str]) -> int:
    _check(settings)
    return Compose(settings).run("down", *arguments)


def _check(settings: Settings) -> None:
    check_engine(settings)
    if not has_plugins(settings):
        raise LocalError(NO_COMPOSE)


@contextmanager
def _news_of_init(compose: Compose, progress: Progress) -> Iterator[None]:
    """Says how far the import and the training are: compose itself waits in silence."""
    has_ended = threading.Event()

    def tell() -> None:
        told = ""
        while not has_ended.wait(SILENCE_SECONDS):
            line = compose.log("init", lines=1)
            if line != told:
                progress.say(f"init: {line}")
            told = line

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        yield
    finally:
        has_ended.set()
        teller.join()


def _describe(settings: Settings, progress: Progress, containers: list[dict[str, Any]]) -> None:
    progress.say("all parts are healthy: " + ", ".join(sorted(container["Name"] for container in containers)))
    for container in sorted(containers, key=lambda container: str(container["Name"])):
        for port in (port for port in container["Publishers"] or () if port["PublishedPort"]):
            progress.say(f"{container['Service']}: http://{port['URL']}:{port['PublishedPort']}")
    progress.say(memory_report(settings, [container["ID"] for container in containers]))
