"""The run folder, which is private and has one owner at a time, and second names for folders that RabbitMQ can't use."""

import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir

from infra.local.errors import LocalError
from infra.local.settings import Settings

OWNER_ONLY = 0o700
#: RabbitMQ asks a shell for the free space of its folder: a quote in the name makes it wait for ever.
PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")


def make_private(folder: Path) -> Path:
    """Make the folder, or close one that was open to other users. Return it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        folder.chmod(OWNER_ONLY)
    except PermissionError:
        raise LocalError(f"{folder} belongs to another user: remove it, or run this as that user.") from None
    return folder


@contextmanager
def owned_run_folder(settings: Settings) -> Iterator[None]:
    """Own the run folder while the block runs. Raise LocalError while another command owns it.

    The system releases the lock when its holder ends, in whichever way.
    """
    make_private(settings.run)
    with (settings.run / "lock").open("a+", encoding="ascii") as file:
        if not _lock(file.fileno(), fcntl.LOCK_EX):
            file.seek(0)
            raise LocalError(f"The stack is running here (process {file.read().strip()}): stop it first, with Ctrl-C or `kill`.")
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def only_installer(settings: Settings, say: Callable[[str], object]) -> Iterator[None]:
    """Keep other commands of this checkout from installing while the block runs. Wait for one that installs now."""
    with (settings.run / "installing").open("ab") as file:
        if not _lock(file.fileno(), fcntl.LOCK_EX):
            say("waiting for another command that installs here")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_owned(settings: Settings) -> bool:
    """Return whether a demo runs in this folder, or another command that owns it."""
    with suppress(FileNotFoundError), (settings.run / "lock").open("rb") as file:
        return not _lock(file.fileno(), fcntl.LOCK_SH)
    return False


def _lock(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def check_name(checkout: Path) -> None:
    """Raise LocalError for a name in which Python can make no environment."""
    name = str(checkout)
    if os.pathsep in name:
        raise LocalError(f"The checkout can't be in {name}: a {os.pathsep!r} separates the folders of the PATH. Move it to another name.")
    if any("\udc80" <= character <= "\udcff" for character in name):
        raise LocalError(f"The checkout can't be in {name!a}: that name isn't UTF-8. Move it to another one.")


def plain_name(folder: Path) -> Path:
    """Return the folder itself if its name is plain ASCII, else a link to it with such a name, below the temporary folder."""
    if PLAIN.fullmatch(str(folder)):
        return folder
    links = Path(gettempdir()) / f"whynotboth-{os.geteuid()}"
    if not PLAIN.fullmatch(str(links)):
        raise LocalError(f"RabbitMQ can use neither the name {folder} nor {links.parent}: set TMPDIR to a folder with a plain ASCII name.")
    _make_own(links)
    for link in links.iterdir():
        if link.is_symlink() and not link.exists():
            # Its folder was removed, as by `make clean`.
            link.unlink(missing_ok=True)
    # RabbitMQ finds the data of its streams only under the name of the start before, so the link's name is made of the folder's path.
    link = links / hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
    with suppress(FileExistsError):
        link.symlink_to(folder)
    return link


def _make_own(folder: Path) -> None:
    """Make a folder that only this user can change. Everybody may write beside it, so another user may have made it before."""
    with suppress(FileExistsError):
        folder.mkdir(mode=OWNER_ONLY)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise LocalError(f"{folder} isn't a folder of this user's own: remove it, or set TMPDIR to another folder.")
    folder.chmod(OWNER_ONLY)
