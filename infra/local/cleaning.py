"""`make reset` and `make clean`: what they remove, and that they don't while the stack runs."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from infra.local.broker_container import CONTAINER_NOTE, remove_container, remove_volume
from infra.local.leftovers import stop_leftovers
from infra.local.ownership import owned_run_folder
from infra.local.progress import Progress

if TYPE_CHECKING:
    from infra.local.settings import Settings


def reset(settings: Settings) -> None:
    """Empties the data. What is installed and what was downloaded stays."""
    with owned_run_folder(settings):
        _remove_data(settings)
    sys.stdout.write("The data are gone: the next start imports and trains again.\n")


def clean(settings: Settings) -> None:
    """Removes all that the other commands made in the checkout."""
    with owned_run_folder(settings):
        _remove_data(settings)
        for folder in (settings.venv, settings.node_modules, settings.run):
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write("The checkout is as it was cloned.\n")


def _remove_data(settings: Settings) -> None:
    stop_leftovers(settings, Progress().say)
    # A volume is there only if a container was the broker.
    if (settings.data / CONTAINER_NOTE).exists():
        remove_container(settings)
        remove_volume(settings)
    shutil.rmtree(settings.data, ignore_errors=True)
