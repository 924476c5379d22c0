"""The registry: model versions and the files of jobs, in a folder or anything else that fsspec reaches. Holds no pickle."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import ValidationError

from ml_service.adapters.registry.manifest import FORMAT, JSON_BYTES_MAX, FileEntry, Manifest, ResultHeader, first_problem
from ml_service.adapters.registry.registry_files import RegistryFiles
from ml_service.adapters.registry.registry_names import ARRAYS_PATTERN, JOB_FILES, JOB_ID_PATTERN, VERSION_FILES, VERSION_PATTERN
from ml_service.domain import JobFile, ModelVersion, new_version_name
from ml_service.errors import InvalidArgument, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from ml_service.model.scoring import ItemItemModel

MANIFEST = "manifest.json"
HEADER = "header.json"


class FileRegistry:
    """Versions live in `models/<version>/`, job files in `results/<job id>/<attempt>/`. May be called from any thread.

    Of a version the manifest is written last, of a job file its header: a folder without it holds nothing yet.
    All methods raise Unavailable (REGISTRY_UNAVAILABLE) while the files can't be reached.
    """

    def __init__(self, url: str) -> None:
        self._files = RegistryFiles(url)

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

        version, arrays = name or new_version_name(), f"model-{uuid4().hex[:8]}.npz"
        path = f"models/{version}/{arrays}"
        with self._files.removed_on_error(path):
            with self._files.writing(path) as file:
                artifact.write(model, file)
            manifest = Manifest(
                format=FORMAT,
                version=version,
                estimator=estimator,
                params=params,
                metrics=metrics,
                created_at=datetime.now(UTC),
                data=data,
                files={arrays: self._entry(path)},
                libraries={name: library_version(name) for name in ("numpy", "scipy", "scikit-learn")},
            )
            if not self._files.write_new(f"models/{version}/{MANIFEST}", manifest.model_dump_json(indent=2).encode()):
                self._files.remove(path)
        return self.describe(version)

    def list_versions(self) -> list[str]:
        """The names of all versions, newest first."""
        names = filter(VERSION_PATTERN.fullmatch, self._files.list_names("models"))
        return sorted((name for name in names if self._files.exists(f"models/{name}/{MANIFEST}")), reverse=True)

    def read_manifest(self, version: str) -> Manifest:
        """Raises NotFound (MODEL_VERSION_UNKNOWN) and Unavailable (MODEL_VERSION_UNUSABLE)."""
        if not VERSION_PATTERN.fullmatch(version):
            raise _unknown(version)
        try:
            manifest = Manifest.model_validate_json(self._files.read_start(f"models/{version}/{MANIFEST}", JSON_BYTES_MAX))
        except FileNotFoundError:
            raise _unknown(version) from None
        except ValidationError as error:
            raise _unusable(version, f"its manifest is wrong ({first_problem(error)})") from error
        if manifest.version != version:
            raise _unusable(version, "its manifest is another version's")
        return manifest

    def describe(self, version: str) -> ModelVersion:
        manifest = self.read_manifest(version)
        return ModelVersion(version, manifest.estimator, dict(manifest.params), dict(manifest.metrics), manifest.created_at)

    def export_manifest(self, version: str) -> dict[str, Any]:
        """Return the manifest as JSON values. Errors as `read_manifest`."""
        return self.read_manifest(version).model_dump(mode="json")

    def load(self, version: str) -> ItemItemModel:
        """Reads a version's arrays after checking that they are those that were written."""
        from ml_service.model import artifact  # noqa: PLC0415

        files = self.read_manifest(version).files
        arrays = next(filter(ARRAYS_PATTERN.fullmatch, files), None)
        if arrays is None:
            raise _unusable(version, "its manifest names no arrays")
        path = f"models/{version}/{arrays}"
        try:
            if self._entry(path) != files[arrays]:
                raise _unusable(version, f"{arrays} isn't what the manifest says")
            with self._files.reading(path) as file:
                return artifact.read(file)
        except FileNotFoundError as error:
            raise _unusable(version, f"{arrays} isn't there") from error
        except artifact.UnusableArrays as error:
            raise _unusable(version, f"{arrays}: {error}") from error

    def sweep(self, remains_before: datetime, results_before: datetime) -> list[str]:
        """Remove files of versions that no manifest names, as their writer died, and files of jobs that were forgotten. Return the names.

        Each only where nobody has written to it since its time. Files that no writer of the registry names so stay.
        """
        versions, jobs = self._files.list_names("models"), self._files.list_names("results")
        swept = [name for version in versions for name in self._remains(f"models/{version}", remains_before)]
        swept += [f"results/{job_id}" for job_id in jobs if self._is_untouched(f"results/{job_id}", results_before)]
        for name in swept:
            self._files.remove(name)
        return swept

    def save_result(self, job_id: str, attempt: int, name: str, media_type: str, chunks: Iterable[bytes]) -> JobFile:
        """Writes the file of an attempt at a job. Each has its own place, so that one that was taken for dead spoils no later one's."""
        if not JOB_ID_PATTERN.fullmatch(job_id):
            raise InvalidArgument("JOB_PARAMS_INVALID", f"The job id {job_id!r} can't name a folder; use a UUID.")
        folder = f"results/{job_id}/{attempt}"
        with self._files.removed_on_error(folder):
            with self._files.writing(f"{folder}/{name}") as file:
                size_bytes = sum(file.write(chunk) for chunk in chunks)
            header = ResultHeader(name=name, media_type=media_type, size_bytes=size_bytes)
            self._files.write_new(f"{folder}/{HEADER}", header.model_dump_json().encode())
        return JobFile(name, media_type, size_bytes)

    def open_result(self, job_id: str) -> tuple[JobFile, Generator[bytes]]:
        """Gives what the last attempt's file is and its bytes in chunks. Raises NotFound (JOB_RESULT_MISSING)."""
        try:
            folder = self._last_result(job_id)
            header = ResultHeader.model_validate_json(self._files.read_start(f"{folder}/{HEADER}", JSON_BYTES_MAX))
            chunks = self._files.read_chunks(f"{folder}/{header.name}")
            # This opens the file, so that a missing one is an error before the answer begins.
            next(chunks)
        except (FileNotFoundError, ValidationError):
            raise NotFound("JOB_RESULT_MISSING", f"Job {job_id} has left no file.", job_id=job_id) from None
        return JobFile(**header.model_dump()), chunks

    def remove_results(self, job_id: str) -> None:
        if JOB_ID_PATTERN.fullmatch(job_id):
            self._files.remove(f"results/{job_id}")

    def _last_result(self, job_id: str) -> str:
        """Return the folder of the last attempt that wrote its file to the end. Raises FileNotFoundError."""
        attempts = self._files.list_names(f"results/{job_id}") if JOB_ID_PATTERN.fullmatch(job_id) else []
        for attempt in sorted((int(name) for name in attempts if name.isdecimal()), reverse=True):
            if self._files.exists(f"results/{job_id}/{attempt}/{HEADER}"):
                return f"results/{job_id}/{attempt}"
        raise FileNotFoundError(job_id)

    def _remains(self, folder: str, before: datetime) -> list[str]:
        """Return the old files of a version that its manifest doesn't name; none where a damaged one may name anything."""
        try:
            kept = {f"{folder}/{name}" for name in (MANIFEST, *self.read_manifest(folder.rpartition("/")[2]).files)}
        except NotFound:
            kept = set()
        except Unavailable as error:
            if error.reason == "MODEL_VERSION_UNUSABLE":
                return []
            raise
        old = [name for name, written_at in self._files.list_files(folder).items() if written_at < before]
        return [name for name in old if VERSION_FILES.fullmatch(name) and name not in kept]

    def _is_untouched(self, folder: str, since: datetime) -> bool:
        """Say whether the folder holds job files alone, and all were written before."""
        files = self._files.list_files(folder)
        return all(map(JOB_FILES.fullmatch, files)) and max(files.values(), default=since) < since

    def _entry(self, path: str) -> FileEntry:
        """Reads a file in chunks: a version of a large catalogue, once more in memory, would be more than the process may have."""
        with self._files.reading(path) as file:
            return FileEntry(sha256=hashlib.file_digest(file, "sha256").hexdigest(), size_bytes=self._files.size(path))


def _unknown(version: str) -> NotFound:
    return NotFound("MODEL_VERSION_UNKNOWN", f"The registry holds no model version {version}.", version=version)


def _unusable(version: str, cause: str) -> Unavailable:
    return Unavailable("MODEL_VERSION_UNUSABLE", f"Model version {version} can't be used: {cause}.", version=version)
