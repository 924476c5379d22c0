"""One command at a time owns the run folder: whoever holds the lock on a file in it."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from infra.local.errors import LocalError
from infra.local.private_folders import make_private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.settings import Settings


@contextmanager
def owned_run_folder(settings: Settings) -> Iterator[None]:
    """Refuses while a demo runs. The system lets the lock go when its holder ends, in whichever way."""
    make_private(settings.run)
    with (settings.run / "lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise LocalError(f"The stack is running here (process {file.read().strip()}): stop it first, with Ctrl-C or `kill`.") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_owned(settings: Settings) -> bool:
    """Return whether a demo runs in this folder, or another command that owns it."""
    with suppress(FileNotFoundError), (settings.run / "lock").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
