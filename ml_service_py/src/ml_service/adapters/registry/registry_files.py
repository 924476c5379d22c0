"""The files below the registry's address, in a folder or any other file system of fsspec. Knows no version and no job.

Object stores have no atomic rename and no folders. So one of the files that belong together is written last, and readers ignore a folder
without it.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from ml_service.adapters.system_errors import PERMANENT
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

log = structlog.get_logger()

CHUNK_BYTES = 64 * 1024
#: The errors for a path that doesn't exist. NotADirectoryError: a part of the path is a file.
ABSENT = (FileNotFoundError, NotADirectoryError)


class RegistryFiles:
    """Reads and writes files by their name relative to the address.

    All methods raise FileNotFoundError for a missing file, and Unavailable (REGISTRY_UNAVAILABLE or REGISTRY_UNUSABLE) for other errors.
    """

    def __init__(self, url: str) -> None:
        """Raise ValueError or ImportError for an address that fsspec can't use."""
        self._files, self._root = url_to_fs(url)

    def list_names(self, folder: str) -> list[str]:
        """Return the names in a folder; an empty list if it doesn't exist."""
        self._files.invalidate_cache()
        with _translated_errors(), suppress(*ABSENT):
            return [str(path).rpartition("/")[2] for path in self._files.ls(self._path(folder), detail=False)]
        return []

    def exists(self, name: str) -> bool:
        """Return whether a file exists. It calls `info`, because fsspec's `exists` returns False for every error."""
        self._files.invalidate_cache()
        with _translated_errors(), suppress(*ABSENT):
            self._files.info(self._path(name))
            return True
        return False

    def size(self, name: str) -> int:
        with _translated_errors():
            return int(self._files.size(self._path(name)))

    def read_start(self, name: str, bytes_max: int) -> bytes:
        """Return at most `bytes_max` bytes, so that a large file can't fill the memory."""
        with _translated_errors():
            return bytes(self._files.cat_file(self._inside(name), end=bytes_max))

    @contextmanager
    def reading(self, name: str) -> Iterator[Any]:
        """Open a file for reading bytes. fsspec's files have no common type."""
        with _translated_errors(), self._files.open(self._inside(name), "rb") as file:
            yield file

    def read_chunks(self, name: str) -> Generator[bytes]:
        """Yield an empty chunk when the file is open, then its bytes."""
        with self.reading(name) as file:
            yield b""
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file for writing bytes. Create its folder if it doesn't exist."""
        with _translated_errors():
            self._make_folder(self._path(name).rpartition("/")[0])
            with self._files.open(self._path(name), "wb") as file:
                yield file

    def write_new(self, name: str, body: bytes) -> bool:
        """Write a small file atomically, unless a file of that name exists. Return whether it wrote."""
        path = self._path(name)
        with _translated_errors():
            if self.exists(name):
                return False
            if isinstance(self._files, LocalFileSystem):
                # Otherwise a reader could see a part of the file. Object stores show a file only once it is complete.
                beside = f"{path}.{uuid4().hex}"
                self._files.pipe_file(beside, body)
                Path(beside).replace(path)
                return True
            with suppress(FileExistsError):
                self._files.pipe_file(path, body, mode="create")
                return True
        return False

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with its content. Do nothing if it doesn't exist."""
        with _translated_errors(), suppress(*ABSENT):
            self._files.rm(self._path(name), recursive=True)

    @contextmanager
    def removed_on_error(self, name: str) -> Iterator[None]:
        """Remove the file or folder if the block fails. Raise Unavailable if another process removed it during the block."""
        try:
            yield
        except BaseException as error:
            # The error of the block is the one to report.
            with suppress(Unavailable):
                self.remove(name)
            if isinstance(error, FileNotFoundError):
                detail = f"The registry lost {name} while it was written. Try again."
                raise Unavailable("REGISTRY_UNAVAILABLE", detail) from error
            raise

    def _make_folder(self, path: str) -> None:
        try:
            self._files.makedirs(path, exist_ok=True)
        except NotADirectoryError as error:
            # For reads this error means that the path doesn't exist. Here it means that a file has the folder's name.
            raise _translate(error) from error

    def list_files(self, folder: str) -> dict[str, datetime]:
        """Return the last write time of each file below a folder; for an empty folder, its own.

        Files behind a link are left out. If the file system keeps no times, the time is now, so that no file counts as old.
        """
        self._files.invalidate_cache()
        with _translated_errors(), suppress(*ABSENT):
            paths = self._files.find(self._inside(folder)) or [self._path(folder)]
            return {str(path).removeprefix(f"{self._root}/"): self._written_at(path) for path in paths if self._is_inside(path)}
        return {}

    def _written_at(self, path: str) -> datetime:
        try:
            written_at: datetime = self._files.modified(path)
        except (NotImplementedError, *ABSENT):
            return datetime.now(UTC)
        return written_at if written_at.tzinfo else written_at.replace(tzinfo=UTC)

    def _inside(self, name: str) -> str:
        """Return the path of a file. Raises FileNotFoundError if a link leads out of the registry."""
        path = self._path(name)
        if not self._is_inside(path):
            raise FileNotFoundError(path)
        return path

    def _is_inside(self, path: str) -> bool:
        return not isinstance(self._files, LocalFileSystem) or Path(path).resolve().is_relative_to(Path(self._root).resolve())

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except ABSENT as error:
        raise FileNotFoundError(*error.args) from error
    except OSError as error:
        raise _translate(error) from error


def _translate(error: OSError) -> Unavailable:
    said = error.strerror or str(error).partition("\n")[0] or type(error).__name__
    if error.errno in PERMANENT:
        known = Unavailable("REGISTRY_UNUSABLE", "The registry can't be used. Fix it, its rights or REGISTRY_URL.")
    else:
        known = Unavailable("REGISTRY_UNAVAILABLE", "The registry can't be used now. Fix the cause, then try again.")
    known.cause = said
    log.warning("registry failed", reason=known.reason, cause=said)
    return known
