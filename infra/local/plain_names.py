"""Checks for folder names that other programs can't handle, and a second name for such a folder.

RabbitMQ asks a shell for the free space of its folder: a quote in the name makes it wait for ever. A socket's path may have 107 bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from infra.local.errors import LocalError
from infra.local.private_folders import temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")
#: With the name of a socket behind it, and the process id that supervisord adds while it starts.
LONGEST = 74


def check_name(checkout: Path) -> None:
    """Refuse a name in which no Python environment can be made. Raise LocalError."""
    if os.pathsep in str(checkout):
        raise LocalError(
            f"The checkout can't be in {checkout}: a {os.pathsep!r} separates the folders of the PATH. Move it to a name without one."
        )
    if not _is_utf8(checkout):
        raise LocalError(f"The checkout can't be in {str(checkout)!a}: that name isn't UTF-8. Move it to another one.")


def _is_utf8(path: Path) -> bool:
    try:
        os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def plain_name(folder: Path) -> Path:
    """Return the folder itself if its name is short and plain ASCII, else a link with such a name.

    Takes an absolute path that exists. Raises LocalError where the temporary folder has no plain name either.
    """
    if _is_plain(folder):
        return folder
    link = temporary_folder("whynotboth") / hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
    if not _is_plain(link):
        names = f"Neither {folder} nor the temporary folder {link.parent.parent}"
        raise LocalError(f"{names} has a name that RabbitMQ and sockets can take: set TMPDIR to a short path of plain ASCII.")
    _forget_removed_folders(link.parent)
    # The name is made of the whole path: one that is there already leads to the same folder.
    with suppress(FileExistsError):
        link.symlink_to(folder)
    return link


def _forget_removed_folders(links: Path) -> None:
    for link in links.iterdir():
        if link.is_symlink() and not link.exists():
            link.unlink(missing_ok=True)


def _is_plain(path: Path) -> bool:
    return PLAIN.fullmatch(str(path)) is not None and len(str(path)) <= LONGEST
