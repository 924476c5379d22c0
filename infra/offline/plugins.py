"""Docker's plugins compose and buildx for the machine's user, where the engine came without them, as in Debian 12."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.images.docker import ask, must_ask
from infra.offline.recipes import RECIPES
from infra.offline.stand_ins import build_stand_ins

if TYPE_CHECKING:
    from infra.images.settings import Settings
    from infra.local.progress import Progress

STAND_IN = "plugins:trixie"
PLUGINS = ("docker-compose", "docker-buildx")
#: The first that waits for a step that runs once, and takes several files of variables.
OLDEST_COMPOSE = (2, 24)


def has_plugins(settings: Settings) -> bool:
    compose = ask(settings, "compose", "version", "--short")
    if not compose or tuple(map(int, re.findall(r"\d+", compose)[:2])) < OLDEST_COMPOSE:
        return False
    return ask(settings, "buildx", "version") is not None


def install_plugins(settings: Settings, progress: Progress) -> None:
    """Puts both into the user's folder for plugins, which comes before the machine's."""
    if has_plugins(settings):
        return
    build_stand_ins(settings, progress, [STAND_IN])
    folder = settings.docker_folder / "cli-plugins"
    folder.mkdir(parents=True, exist_ok=True)
    container = must_ask(settings, "create", RECIPES[STAND_IN].image)
    try:
        for plugin in PLUGINS:
            must_ask(settings, "cp", f"{container}:/{plugin}", f"{folder}/")
    finally:
        ask(settings, "rm", container)
    progress.say(f"compose and buildx are in {folder}")
