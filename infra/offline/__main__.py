"""Commands for a machine without a container registry: `python3 -m infra.offline COMMAND`. The Makefile and .ci/run call them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from infra.images.docker import ask, check_engine
from infra.images.settings import Settings, read_settings
from infra.images.stack import build
from infra.local.errors import LocalError
from infra.local.progress import Progress
from infra.local.stopping import StopAsked, StopSignals
from infra.offline.engine import running_engine
from infra.offline.stand_ins import OLDEST_RABBITMQ, build_stand_ins

if TYPE_CHECKING:
    from collections.abc import Mapping

PULL_SECONDS = 300
#: The public images of the tests, and of the services' Dockerfiles.
PUBLIC = ("python:3.13-slim", "node:24-slim", "rabbitmq:4.0-management", "rabbitmq:3.10-management", "postgres:17")
USAGE = """\
usage: python3 -m infra.offline COMMAND [ARGUMENTS]
  with-engine COMMAND  run it while an engine runs. Start one where none answers, and stop it at the end
  stand-ins            build stand-ins for the public base images, and others by name, such as rabbitmq-3-10
  test-images          build all images that the tests need, on stand-ins where the public images can't be pulled"""


def run_with_engine(settings: Settings, progress: Progress, command: list[str]) -> int:
    if not command:
        raise LocalError("Give the command to run, as in `python3 -m infra.offline with-engine make test`.")
    with running_engine(settings, progress):
        return run_with_descendants(command, settings.variables)


def run_with_descendants(command: list[str], variables: Mapping[str, str]) -> int:
    """Run the command, and interrupt its whole group when this process is asked to stop: a shell passes no signal on."""
    process = subprocess.Popen(command, env=variables, process_group=0)
    try:
        return process.wait()
    except StopAsked:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait()
        raise


def make_stand_ins(settings: Settings, progress: Progress, targets: list[str]) -> int:
    check_engine(settings)
    build_stand_ins(settings, progress, targets)
    return 0


def make_test_images(settings: Settings, progress: Progress, _arguments: list[str]) -> int:
    """Build the services on the public images if all of them can be pulled, else on stand-ins. Stand-ins that are in use stay in use."""
    check_engine(settings)
    if settings.image_names.exists() or not _pull_public_images(settings, progress):
        build_stand_ins(settings, progress, [OLDEST_RABBITMQ])
    return build(settings, progress, [])


def _pull_public_images(settings: Settings, progress: Progress) -> bool:
    for image in PUBLIC:
        progress.say(f"pulling {image}")
        if ask(settings, "pull", image, seconds=PULL_SECONDS) is None:
            progress.say(f"{image} can't be pulled: stand-ins are made of Debian's packages")
            return False
    return True


COMMANDS = {"with-engine": run_with_engine, "stand-ins": make_stand_ins, "test-images": make_test_images}


def main() -> None:
    name, *arguments = sys.argv[1:] or [""]
    if name not in COMMANDS:
        sys.exit(USAGE)
    StopSignals().listen()
    try:
        sys.exit(COMMANDS[name](read_settings(), Progress(), arguments))
    except LocalError as error:
        sys.exit(f"\n{error}")
    except StopAsked:
        sys.exit(130)


if __name__ == "__main__":
    main()
