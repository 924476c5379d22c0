"""The registry: model versions and the files of jobs, in a folder or anything else that fsspec reaches. Holds no pickle."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from pydantic import ValidationError

from ml_service.adapters.manifest import FORMAT, JSON_BYTES_MAX, FileEntry, Manifest, ResultHeader, first_problem
from ml_service.domain import JobFile, ModelVersion
from ml_service.errors import InvalidArgument, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from ml_service.model.scoring import ItemItemModel

ARRAYS = "model.npz"
MANIFEST = "manifest.json"
HEADER = "header.json"
CHUNK_BYTES = 64 * 1024
VERSION_PATTERN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
JOB_ID_PATTERN = re.compile(r"[0-9A-Za-z-]{1,64}")
LIBRARIES = ("numpy", "scipy", "scikit-learn")


class Registry:
    """Versions live in `models/<version>/`, job files in `results/<job id>/<attempt>/`. May be called from any thread."""

    def __init__(self, url: str) -> None:
        self._files, self._root = url_to_fs(url)

    def save(  # noqa: PLR0913
        self,
        model: ItemItemModel,
        *,
        estimator: str,
        params: dict[str, Any],
        metrics: dict[str, float],
        data: dict[str, Any],
        name: str | None = None,
    ) -> ModelVersion:
        """Writes a version under a new name or the given one; of two that write under one name the first counts.

        `data` says what it was fitted on, its fingerprint among that.
        """
        # The worker opens the registry too, and needs no NumPy for that.
        from ml_service.model import artifact  # noqa: PLC0415

        version = name or new_version_name()
        with self._folder(f"models/{version}") as folder:
            with self._files.open(f"{folder}/{ARRAYS}", "wb") as file:
                artifact.write(model, file)
            manifest = Manifest(
                format=FORMAT,
                version=version,
                estimator=estimator,
                params=params,
                metrics=metrics,
                created_at=datetime.now(UTC),
                data=data,
                files={ARRAYS: self._entry(f"{folder}/{ARRAYS}")},
                libraries={name: library_version(name) for name in LIBRARIES},
            )
            self._files.pipe_file(f"{folder}/{MANIFEST}", manifest.model_dump_json(indent=2).encode())
        return self.describe(version)

    def list_versions(self) -> list[str]:
        """The names of all versions, newest first."""
        return sorted(filter(VERSION_PATTERN.fullmatch, self._names("models")), reverse=True)

    def read_manifest(self, version: str) -> Manifest:
        """Raises NotFound (MODEL_VERSION_UNKNOWN) and Unavailable (MODEL_VERSION_UNUSABLE)."""
        if not VERSION_PATTERN.fullmatch(version):
            raise _unknown(version)
        try:
            manifest = Manifest.model_validate_json(self._read(f"models/{version}/{MANIFEST}", JSON_BYTES_MAX))
        except FileNotFoundError:
            raise _unknown(version) from None
        except ValidationError as error:
            raise _unusable(version, f"its manifest is wrong ({first_problem(error)})") from error
        except OSError as error:
            raise _unusable(version, "its manifest can't be read") from error
        if manifest.version != version:
            raise _unusable(version, "its manifest is another version's")
        return manifest

    def describe(self, version: str) -> ModelVersion:
        manifest = self.read_manifest(version)
        return ModelVersion(version, manifest.estimator, dict(manifest.params), dict(manifest.metrics), manifest.created_at)

    def load(self, version: str) -> ItemItemModel:
        """Reads a version's arrays after checking that they are those that were written."""
        from ml_service.model import artifact  # noqa: PLC0415

        entry = self.read_manifest(version).files.get(ARRAYS)
        if entry is None:
            raise _unusable(version, f"its manifest says nothing of {ARRAYS}")
        try:
            path = self._inside(f"models/{version}/{ARRAYS}")
            if self._entry(path) != entry:
                raise _unusable(version, f"{ARRAYS} isn't what the manifest says")
            with self._files.open(path, "rb") as file:
                return artifact.read(file)
        except OSError as error:
            raise _unusable(version, f"{ARRAYS} can't be read") from error
        except artifact.UnusableArrays as error:
            raise _unusable(version, f"{ARRAYS}: {error}") from error

    def save_result(self, job_id: str, attempt: int, name: str, media_type: str, chunks: Iterable[bytes]) -> JobFile:
        """Writes the file of an attempt at a job. Each has its own place, so that one that was taken for dead spoils no later one's."""
        if not JOB_ID_PATTERN.fullmatch(job_id):
            raise InvalidArgument("JOB_PARAMS_INVALID", f"The job id {job_id!r} can't name a folder; use a UUID.")
        with self._folder(f"results/{job_id}/{attempt}") as folder:
            with self._files.open(f"{folder}/{name}", "wb") as file:
                size_bytes = sum(file.write(chunk) for chunk in chunks)
            header = ResultHeader(name=name, media_type=media_type, size_bytes=size_bytes)
            self._files.pipe_file(f"{folder}/{HEADER}", header.model_dump_json().encode())
        return JobFile(name, media_type, size_bytes)

    def open_result(self, job_id: str) -> tuple[JobFile, Generator[bytes]]:
        """Gives what the last attempt's file is and its bytes in chunks. Raises NotFound (JOB_RESULT_MISSING)."""
        attempts = self._names(f"results/{job_id}") if JOB_ID_PATTERN.fullmatch(job_id) else []
        last = max((int(name) for name in attempts if name.isdecimal()), default=None)
        folder = f"results/{job_id}/{last}"
        try:
            header = ResultHeader.model_validate_json(self._read(f"{folder}/{HEADER}", JSON_BYTES_MAX))
            path = self._inside(f"{folder}/{header.name}")
        except (FileNotFoundError, ValidationError):
            raise NotFound("JOB_RESULT_MISSING", f"Job {job_id} has left no file.", job_id=job_id) from None
        return JobFile(**header.model_dump()), self._read_chunks(path)

    def remove_results(self, job_id: str) -> None:
        if JOB_ID_PATTERN.fullmatch(job_id):
            with suppress(FileNotFoundError):
                self._files.rm(self._path(f"results/{job_id}"), recursive=True)

    def _entry(self, path: str) -> FileEntry:
        """Reads a file in chunks: a version of a large catalogue, once more in memory, would be more than the process may have."""
        with self._files.open(path, "rb") as file:
            return FileEntry(sha256=hashlib.file_digest(file, "sha256").hexdigest(), size_bytes=self._files.size(path))

    def _read_chunks(self, path: str) -> Generator[bytes]:
        with self._files.open(path, "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def _read(self, name: str, bytes_max: int) -> bytes:
        """The beginning of a file, so that nobody can fill the memory with one. Raises OSError."""
        return bytes(self._files.cat_file(self._inside(name), end=bytes_max))

    def _inside(self, name: str) -> str:
        """The path of a file. Raises FileNotFoundError where a link leads out of the registry."""
        path = self._path(name)
        if isinstance(self._files, LocalFileSystem) and not Path(path).resolve().is_relative_to(Path(self._root).resolve()):
            raise FileNotFoundError(path)
        return path

    @contextmanager
    def _folder(self, name: str) -> Iterator[str]:
        """Gives a folder beside the final one and renames it into place, so that nobody reads half of it. One that exists already stays."""
        parent, _, last = self._path(name).rpartition("/")
        beside = f"{parent}/.{last}.{uuid4().hex}"
        self._files.makedirs(beside, exist_ok=True)
        try:
            yield beside
            final = f"{parent}/{last}"
            if self._files.exists(final):
                self._files.rm(beside, recursive=True)
            else:
                self._files.mv(beside, final, recursive=True)
        except BaseException:
            self._files.rm(beside, recursive=True)
            raise

    def _names(self, folder: str) -> list[str]:
        self._files.invalidate_cache()
        try:
            return [str(path).rpartition("/")[2] for path in self._files.ls(self._path(folder), detail=False)]
        except FileNotFoundError:
            return []

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def new_version_name() -> str:
    """Sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"


def _unknown(version: str) -> NotFound:
    return NotFound("MODEL_VERSION_UNKNOWN", f"The registry holds no model version {version}.", version=version)


def _unusable(version: str, cause: str) -> Unavailable:
    return Unavailable("MODEL_VERSION_UNUSABLE", f"Model version {version} can't be used: {cause}.", version=version)
