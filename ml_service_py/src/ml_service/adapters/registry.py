"""The registry: model versions and the files of jobs, in a folder or anything else that fsspec reaches. Holds no pickle."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from fsspec.core import url_to_fs

from ml_service.domain import JobFile, ModelVersion
from ml_service.errors import InvalidArgument, NotFound, Unavailable
from ml_service.model.artifact import to_arrays, to_model

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from ml_service.model.scoring import ItemItemModel

#: Counts up when older code can't read what newer code writes.
FORMAT = 1
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
        arrays = BytesIO()
        np.savez(arrays, allow_pickle=False, **to_arrays(model))
        version = name or new_version_name()
        about = {"estimator": estimator, "params": params, "metrics": metrics, "data": data}
        with self._folder(f"models/{version}") as folder:
            self._files.pipe_file(f"{folder}/{ARRAYS}", arrays.getvalue())
            self._files.pipe_file(f"{folder}/{MANIFEST}", _as_json(_manifest(version, arrays.getvalue()) | about))
        return self.describe(version)

    def list_versions(self) -> list[str]:
        """The names of all versions, newest first."""
        return sorted(filter(VERSION_PATTERN.fullmatch, self._names("models")), reverse=True)

    def read_manifest(self, version: str) -> dict[str, Any]:
        """Raises NotFound (MODEL_VERSION_UNKNOWN) and Unavailable (MODEL_VERSION_UNUSABLE)."""
        if not VERSION_PATTERN.fullmatch(version):
            raise _unknown(version)
        try:
            manifest = json.loads(self._files.cat_file(self._path(f"models/{version}/{MANIFEST}")))
        except FileNotFoundError:
            raise _unknown(version) from None
        except (OSError, ValueError) as error:
            raise _unusable(version, "its manifest can't be read") from error
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise _unusable(version, f"its manifest isn't of the format {FORMAT}")
        return manifest

    def describe(self, version: str) -> ModelVersion:
        manifest = self.read_manifest(version)
        try:
            created_at = datetime.fromisoformat(manifest["created_at"])
            return ModelVersion(version, manifest["estimator"], manifest["params"], manifest["metrics"], created_at)
        except (KeyError, TypeError, ValueError) as error:
            raise _unusable(version, "its manifest lacks what it should say") from error

    def load(self, version: str) -> ItemItemModel:
        """Reads a version's arrays after checking that they are those that were written."""
        manifest = self.read_manifest(version)
        try:
            body = self._files.cat_file(self._path(f"models/{version}/{ARRAYS}"))
            if hashlib.sha256(body).hexdigest() != manifest["files"][ARRAYS]["sha256"]:
                raise _unusable(version, f"{ARRAYS} isn't what the manifest says")
            with np.load(BytesIO(body), allow_pickle=False) as arrays:
                return to_model(dict(arrays))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise _unusable(version, f"{ARRAYS} is missing or damaged") from error

    def save_result(self, job_id: str, attempt: int, name: str, media_type: str, chunks: Iterable[bytes]) -> JobFile:
        """Writes the file of an attempt at a job. Each has its own place, so that one that was taken for dead spoils no later one's."""
        if not JOB_ID_PATTERN.fullmatch(job_id):
            raise InvalidArgument("JOB_PARAMS_INVALID", f"The job id {job_id!r} can't name a folder; use a UUID.")
        with self._folder(f"results/{job_id}/{attempt}") as folder:
            with self._files.open(f"{folder}/{name}", "wb") as file:
                size_bytes = sum(file.write(chunk) for chunk in chunks)
            self._files.pipe_file(f"{folder}/{HEADER}", _as_json({"name": name, "media_type": media_type, "size_bytes": size_bytes}))
        return JobFile(name, media_type, size_bytes)

    def open_result(self, job_id: str) -> tuple[JobFile, Generator[bytes]]:
        """Gives what the last attempt's file is and its bytes in chunks. Raises NotFound (JOB_RESULT_MISSING)."""
        attempts = self._names(f"results/{job_id}") if JOB_ID_PATTERN.fullmatch(job_id) else []
        last = max((int(name) for name in attempts if name.isdecimal()), default=None)
        if last is None:
            raise NotFound("JOB_RESULT_MISSING", f"Job {job_id} has left no file.", job_id=job_id)
        folder = self._path(f"results/{job_id}/{last}")
        header = JobFile(**json.loads(self._files.cat_file(f"{folder}/{HEADER}")))
        return header, self._read_chunks(f"{folder}/{header.name}")

    def remove_results(self, job_id: str) -> None:
        with suppress(FileNotFoundError):
            self._files.rm(self._path(f"results/{job_id}"), recursive=True)

    def _read_chunks(self, path: str) -> Generator[bytes]:
        with self._files.open(path, "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

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


def _manifest(version: str, arrays: bytes) -> dict[str, Any]:
    """What every version says of itself."""
    return {
        "format": FORMAT,
        "version": version,
        "created_at": datetime.now(UTC).isoformat(),
        "files": {ARRAYS: {"sha256": hashlib.sha256(arrays).hexdigest(), "size_bytes": len(arrays)}},
        "libraries": {name: library_version(name) for name in LIBRARIES},
    }


def _as_json(value: object) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode()


def _unknown(version: str) -> NotFound:
    return NotFound("MODEL_VERSION_UNKNOWN", f"The registry holds no model version {version}.", version=version)


def _unusable(version: str, cause: str) -> Unavailable:
    return Unavailable("MODEL_VERSION_UNUSABLE", f"Model version {version} can't be used: {cause}.", version=version)
