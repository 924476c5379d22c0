"""`make reset` and `make clean`. Both refuse while the stack runs."""

import os
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path

from infra.local.broker import remove_container
from infra.local.errors import LocalError
from infra.local.folders import only_installer, owned_run_folder
from infra.local.leftovers import stop_marked
from infra.local.progress import Progress
from infra.local.settings import Settings

#: Folders of packages and caches that lie beside the sources, as in .gitignore.
MADE = ("node_modules", "__pycache__", "*.egg-info", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache")


def reset(settings: Settings) -> None:
    """Empty the data. Installed packages and downloads stay."""
    with owned_run_folder(settings):
        _remove_data(settings)
    _say(settings, f"The data in {settings.data}/ are gone: the next start imports and trains again what isn't elsewhere.")


def clean(settings: Settings) -> None:
    """Remove all that the other commands made in the checkout."""
    with owned_run_folder(settings), only_installer(settings, Progress().say):
        _remove_data(settings)
        for folder in (settings.venv, *_made_beside_sources(settings.root), settings.run):
            _remove(folder)
    _say(settings, "The checkout is as it was cloned.")


def _say(settings: Settings, done: str) -> None:
    others = ", ".join(settings.other_stores.values())
    sys.stdout.write(f"{done}\n" + (f"Left as they are, unless they lie in it: {others}.\n" if others else ""))


def _made_beside_sources(root: Path) -> list[Path]:
    """Return the folders of packages and caches. A link of such a name belongs to the repository."""
    found = []
    for place, folders, _ in os.walk(root):
        made = [name for name in folders if any(fnmatch(name, pattern) for pattern in MADE)]
        found += [Path(place, name) for name in made if not Path(place, name).is_symlink()]
        folders[:] = [name for name in folders if name not in {*made, ".git", ".venv", ".run"}]
    return found


def _remove_data(settings: Settings) -> None:
    stop_marked(settings.run)
    remove_container(settings, with_data=True)
    _remove(settings.data)


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        # The folder was never made, or another process removed a part of it meanwhile: remove the rest.
        shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        what = f"{error.filename or folder} can't be removed: {error.strerror or error}"
        raise LocalError(f"{what}. Remove it as its owner, then try again.") from error
