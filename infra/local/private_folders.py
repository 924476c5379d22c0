"""Folders that no other user of the machine can look into."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

from infra.local.errors import LocalError

OWNER_ONLY = 0o700


def make_private(folder: Path) -> Path:
    """Make the folder, or close one that was open to others. Return it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        folder.chmod(OWNER_ONLY)
    except PermissionError:
        raise LocalError(f"{folder} belongs to another user: remove it, or run this as that user.") from None
    return folder


def temporary_folder(name: str) -> Path:
    """Return this user's own folder of that name, below the machine's temporary folder.

    Everybody may write there, so another user may have made a folder or a link of that name before.
    """
    folder = Path(gettempdir()) / f"{name}-{os.geteuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=OWNER_ONLY)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise LocalError(f"{folder} isn't a folder of this user's own: remove it, or set TMPDIR to another folder.")
    folder.chmod(OWNER_ONLY)
    return folder
