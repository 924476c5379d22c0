"""What each command does, as a list of the parts that it calls."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.images.docker import ask
from infra.images.engine import check_engine, ensure_engine, running_engine
from infra.images.stack import build, down, up
from infra.local.errors import LocalError
from infra.local.stopping import StopAsked
from infra.offline.dockerd import Dockerd
from infra.offline.plugins import install_plugins
from infra.offline.recipes import OLDEST_RABBITMQ, RECIPES, StandIn
from infra.offline.stand_ins import build_stand_ins, write_image_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.images.settings import Settings
    from infra.local.progress import Progress

PULL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Command:
    """`run` gives the exit code."""

    help: str
    run: Callable[[Settings, Progress, list[str]], int]


def run_with_engine(settings: Settings, progress: Progress, arguments: list[str]) -> int:
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        raise LocalError("Give the command to run, as in `python3 -m infra.images with-engine make test`.")
    with running_engine(settings, progress):
        return run_with_descendants(command, settings.variables)


def run_with_descendants(command: list[str], variables: Mapping[str, str]) -> int:
    """Interrupts whatever it started, too, when it is itself told to stop: a shell passes no signal on."""
    process = subprocess.Popen(command, env=variables, process_group=0)
    try:
        return process.wait()
    except StopAsked:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait()
        raise


def start_engine(settings: Settings, progress: Progress, _arguments: list[str]) -> int:
    started = ensure_engine(settings, progress)
    progress.say("the engine runs: `python3 -m infra.images stop-engine` stops it" if started else "an engine answers already")
    return 0


def stop_engine(settings: Settings, progress: Progress, _arguments: list[str]) -> int:
    stopped = Dockerd(settings).stop()
    progress.say("the engine is stopped" if stopped else "no engine was started from here")
    return 0


def make_stand_ins(settings: Settings, progress: Progress, arguments: list[str]) -> int:
    check_engine(settings)
    used = [recipe.name for recipe in RECIPES.values() if isinstance(recipe, StandIn) and recipe.variable]
    unknown = set(arguments) - set(RECIPES)
    if unknown:
        raise LocalError(f"There is no stand-in {', '.join(sorted(unknown))}: choose of {', '.join(RECIPES)}.")
    # First, so that one builder makes all: without buildx the old one leaves the images of its stages behind.
    install_plugins(settings, progress)
    build_stand_ins(settings, progress, [*used, *arguments])
    write_image_names(settings)
    return 0


def make_test_images(settings: Settings, progress: Progress, _arguments: list[str]) -> int:
    """Builds the services on the public images if all of them can be pulled, and on stand-ins if not, or if those are in use already."""
    check_engine(settings)
    if settings.image_names.exists() or not _pull_public_images(settings, progress):
        make_stand_ins(settings, progress, [OLDEST_RABBITMQ])
    install_plugins(settings, progress)
    return build(settings, progress, [])


def _pull_public_images(settings: Settings, progress: Progress) -> bool:
    for image in (recipe.public for recipe in RECIPES.values() if isinstance(recipe, StandIn) and recipe.public):
        progress.say(f"pulling {image}")
        if ask(settings, "pull", image, seconds=PULL_SECONDS) is None:
            progress.say(f"{image} can't be pulled: stand-ins are made of Debian's packages")
            return False
    return True


COMMANDS = {
    "with-engine": Command("run the command that follows while an engine runs; start one where none answers, and stop it", run_with_engine),
    "start-engine": Command("start an engine where none answers", start_engine),
    "stop-engine": Command("stop the engine that start-engine started", stop_engine),
    "stand-ins": Command("build stand-ins for the public base images, and others by name, such as rabbitmq:3.10", make_stand_ins),
    "test-images": Command("build all images that the tests need, on stand-ins where the public images can't be pulled", make_test_images),
    "build": Command("build the images of the services; takes the arguments of `docker compose build`", build),
    "up": Command("run the stack; takes the arguments of `docker compose up`, such as --scale gateway=2", up),
    "down": Command("remove its containers; takes the arguments of `docker compose down`, such as --volumes", down),
}
