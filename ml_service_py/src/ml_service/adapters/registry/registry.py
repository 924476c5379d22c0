"""The registry of model versions and job files, in a folder or any other file system of fsspec. It contains no pickle."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import ValidationError

from ml_service.adapters.registry import layout
from ml_service.adapters.registry.layout import FileEntry, Manifest, ResultHeader
from ml_service.adapters.registry.registry_files import RegistryFiles
from ml_service.domain import JobFile, ModelVersion, new_version_name
from ml_service.errors import InvalidArgument, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from ml_service.model.scoring import ItemItemModel


class FileRegistry:
    """Versions live in `models/<version>/`, job files in `results/<job id>/<attempt>/`. May be called from any thread.

    The manifest of a version and the header of a job file are written last. Readers ignore a folder without them.
    All methods raise Unavailable: REGISTRY_UNAVAILABLE while the files can't be reached, REGISTRY_UNUSABLE if an operator must act.
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
        """Write a version under the given name, or a new one. If two writers use one name, the first counts. Return what is stored.

        `data` describes the training data, with its fingerprint.
        """
        # Imported late: the worker's main process opens the registry, but shouldn't load NumPy.
        from ml_service.model import artifact  # noqa: PLC0415

        version, arrays = name or new_version_name(), f"model-{uuid4().hex[:8]}.npz"
        path = f"models/{version}/{arrays}"
        with self._files.removed_on_error(path):
            with self._files.writing(path) as file:
                artifact.write(model, file)
            manifest = Manifest(
                format=layout.FORMAT,
                version=version,
                estimator=estimator,
                params=params,
                metrics=metrics,
                created_at=datetime.now(UTC),
                data=data,
                files={arrays: self._entry(path)},
                libraries={name: library_version(name) for name in ("numpy", "scipy", "scikit-learn")},
            )
            if not self._files.write_new(f"models/{version}/{layout.MANIFEST}", manifest.model_dump_json(indent=2).encode()):
                self._files.remove(path)
        return self.describe(version)

    def list_versions(self) -> list[str]:
        """Return the names of all versions, newest first."""
        names = filter(layout.VERSION_PATTERN.fullmatch, self._files.list_names("models"))
        return sorted((name for name in names if self._files.exists(f"models/{name}/{layout.MANIFEST}")), reverse=True)

    def read_manifest(self, version: str) -> Manifest:
        """Return the validated manifest. Raises NotFound (MODEL_VERSION_UNKNOWN) and Unavailable (MODEL_VERSION_UNUSABLE)."""
        if not layout.VERSION_PATTERN.fullmatch(version):
            raise _unknown(version)
        try:
            manifest = Manifest.model_validate_json(self._files.read_start(f"models/{version}/{layout.MANIFEST}", layout.JSON_BYTES_MAX))
        except FileNotFoundError:
            raise _unknown(version) from None
        except ValidationError as error:
            raise _unusable(version, f"its manifest is wrong ({layout.first_problem(error)})") from error
        if manifest.version != version:
            raise _unusable(version, "its manifest is another version's")
        return manifest

    def describe(self, version: str) -> ModelVersion:
        """Return the version's description. Errors as `read_manifest`."""
        manifest = self.read_manifest(version)
        # Manifests of earlier releases have no number.
        imports = manifest.data.get("imports")
        return ModelVersion(
            version,
            manifest.estimator,
            dict(manifest.params),
            dict(manifest.metrics),
            manifest.created_at,
            imports if isinstance(imports, int) else 0,
        )

    def export_manifest(self, version: str) -> dict[str, Any]:
        """Return the manifest as JSON values. Errors as `read_manifest`."""
        return self.read_manifest(version).model_dump(mode="json")

    def load(self, version: str) -> ItemItemModel:
        """Return the model of a version, after comparing the arrays with their hash. Errors as `read_manifest`."""
        from ml_service.model import artifact  # noqa: PLC0415

        files = self.read_manifest(version).files
        arrays = next(filter(layout.ARRAYS_PATTERN.fullmatch, files), None)
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
        """Remove files that a dead writer left, and the files of forgotten jobs. Return the removed names.

        Files of a version are removed if no manifest names them and they were written before `remains_before`. Files of a job are removed
        if all of them were written before `results_before`. Files that belong to another program stay.
        """
        versions, jobs = self._files.list_names("models"), self._files.list_names("results")
        swept = [name for version in versions for name in self._remains(f"models/{version}", remains_before)]
        swept += [f"results/{job_id}" for job_id in jobs if self._is_untouched(f"results/{job_id}", results_before)]
        for name in swept:
            self._files.remove(name)
        return swept

    def save_result(self, job_id: str, attempt: int, name: str, media_type: str, chunks: Iterable[bytes]) -> JobFile:
        """Write the file of one attempt at a job. Each attempt has its own folder, so that an attempt that was taken for dead changes
        nothing of a later one. Raises InvalidArgument (JOB_PARAMS_INVALID) for a job id that can't name a folder.
        """
        if not layout.JOB_ID_PATTERN.fullmatch(job_id):
            raise InvalidArgument("JOB_PARAMS_INVALID", f"The job id {job_id!r} can't name a folder; use a UUID.")
        folder = f"results/{job_id}/{attempt}"
        with self._files.removed_on_error(folder):
            with self._files.writing(f"{folder}/{name}") as file:
                size_bytes = sum(file.write(chunk) for chunk in chunks)
            header = ResultHeader(name=name, media_type=media_type, size_bytes=size_bytes)
            self._files.write_new(f"{folder}/{layout.HEADER}", header.model_dump_json().encode())
        return JobFile(name, media_type, size_bytes)

    def open_result(self, job_id: str) -> tuple[JobFile, Generator[bytes]]:
        """Return the description of the last attempt's file, and its bytes in chunks. Raises NotFound (JOB_RESULT_MISSING)."""
        try:
            folder = self._last_result(job_id)
            header = ResultHeader.model_validate_json(self._files.read_start(f"{folder}/{layout.HEADER}", layout.JSON_BYTES_MAX))
            chunks = self._files.read_chunks(f"{folder}/{header.name}")
            # Open the file now, so that a missing file is an error before the response begins.
            next(chunks)
        except (FileNotFoundError, ValidationError):
            raise NotFound("JOB_RESULT_MISSING", f"Job {job_id} has left no file.", job_id=job_id) from None
        return JobFile(**header.model_dump()), chunks

    def remove_results(self, job_id: str) -> None:
        """Remove the files of all attempts at a job; do nothing for a job without files."""
        if layout.JOB_ID_PATTERN.fullmatch(job_id):
            self._files.remove(f"results/{job_id}")

    def _last_result(self, job_id: str) -> str:
        """Return the folder of the last attempt that wrote its whole file. Raises FileNotFoundError if there is none."""
        attempts = self._files.list_names(f"results/{job_id}") if layout.JOB_ID_PATTERN.fullmatch(job_id) else []
        for attempt in sorted((int(name) for name in attempts if name.isdecimal()), reverse=True):
            if self._files.exists(f"results/{job_id}/{attempt}/{layout.HEADER}"):
                return f"results/{job_id}/{attempt}"
        raise FileNotFoundError(job_id)

    def _remains(self, folder: str, before: datetime) -> list[str]:
        """Return the old files of a version that its manifest doesn't name. A damaged manifest may name any file, so it returns none."""
        try:
            kept = {f"{folder}/{name}" for name in (layout.MANIFEST, *self.read_manifest(folder.rpartition("/")[2]).files)}
        except NotFound:
            kept = set()
        except Unavailable as error:
            if error.reason == "MODEL_VERSION_UNUSABLE":
                return []
            raise
        old = [name for name, written_at in self._files.list_files(folder).items() if written_at < before]
        return [name for name in old if layout.VERSION_FILES.fullmatch(name) and name not in kept]

    def _is_untouched(self, folder: str, since: datetime) -> bool:
        """Return whether the folder holds only job files, all written before `since`."""
        files = self._files.list_files(folder)
        return all(map(layout.JOB_FILES.fullmatch, files)) and max(files.values(), default=since) < since

    def _entry(self, path: str) -> FileEntry:
        """Return the hash and size of a file. It reads in chunks: a second copy of a large model would exceed the memory limit."""
        with self._files.reading(path) as file:
            return FileEntry(sha256=hashlib.file_digest(file, "sha256").hexdigest(), size_bytes=self._files.size(path))


def _unknown(version: str) -> NotFound:
    return NotFound("MODEL_VERSION_UNKNOWN", f"The registry holds no model version {version}.", version=version)


def _unusable(version: str, cause: str) -> Unavailable:
    return Unavailable("MODEL_VERSION_UNUSABLE", f"Model version {version} can't be used: {cause}.", version=version)
