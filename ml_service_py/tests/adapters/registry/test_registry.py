"""The registry in a folder: versions and job files are read as they were written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sample

from ml_service.adapters.registry.layout import HEADER
from ml_service.domain import JobFile
from ml_service.errors import InvalidArgument, NotFound, Unavailable
from ml_service.model.scoring import history_of, score

if TYPE_CHECKING:
    from pathlib import Path

    from ml_service.adapters.registry.registry import FileRegistry


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "registry"


def test_a_version_scores_the_same_after_save_and_load(registry: FileRegistry) -> None:
    saved = sample.save_model(registry)

    loaded = registry.load(saved.version)

    history = history_of(loaded, {"i0": 5.0, "i3": 1.0})
    np.testing.assert_array_equal(score(loaded, [history]), score(sample.parity_model(), [history]))
    assert registry.describe(saved.version) == saved


def test_versions_are_listed_newest_first_without_other_folders(registry: FileRegistry, folder: Path) -> None:
    names = {sample.save_model(registry, items).version for items in (4, 6, 8)}
    (folder / "models" / ".20240101T000000Z-00000000.half").mkdir()

    assert registry.list_versions() == sorted(names, reverse=True)


def test_an_empty_registry_has_no_versions(registry: FileRegistry) -> None:
    assert registry.list_versions() == []


@pytest.mark.parametrize("version", ["20240101T000000Z-00000000", "../models", ""])
def test_a_missing_version_is_unknown(registry: FileRegistry, version: str) -> None:
    with pytest.raises(NotFound) as caught:
        registry.load(version)

    assert caught.value.reason == "MODEL_VERSION_UNKNOWN"


def test_a_jobs_file_is_read_in_chunks(registry: FileRegistry) -> None:
    written = registry.save_result("job-1", 1, "table.csv", "text/csv", [b"a" * 100_000, b"b"])

    header, chunks = registry.open_result("job-1")

    assert header == written == JobFile("table.csv", "text/csv", 100_001)
    assert [len(chunk) for chunk in chunks] == [65536, 34465]


def test_the_file_of_the_highest_attempt_counts_even_if_another_was_written_later(registry: FileRegistry) -> None:
    for attempt in (9, 10, 1):
        registry.save_result("job-1", attempt, "table.csv", "text/csv", [str(attempt).encode()])

    _, chunks = registry.open_result("job-1")

    assert list(chunks) == [b"10"]


def test_only_the_files_of_the_given_job_are_removed(registry: FileRegistry) -> None:
    for job_id in ("job-1", "job-10"):
        registry.save_result(job_id, 1, "table.csv", "text/csv", [b""])

    registry.remove_results("job-1")
    registry.remove_results("no-such-job")

    assert registry.open_result("job-10")
    with pytest.raises(NotFound):
        registry.open_result("job-1")


def test_a_result_whose_writing_fails_leaves_no_file(registry: FileRegistry, folder: Path) -> None:
    def chunks() -> object:
        yield b"half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        registry.save_result("job-1", 1, "table.csv", "text/csv", chunks())  # type: ignore[arg-type]

    assert list((folder / "results" / "job-1").iterdir()) == []


@pytest.mark.parametrize("job_id", ["no-such-job", "../models", ""])
def test_a_job_without_a_file_raises_not_found(registry: FileRegistry, job_id: str) -> None:
    with pytest.raises(NotFound) as caught:
        registry.open_result(job_id)

    assert caught.value.reason == "JOB_RESULT_MISSING"


def test_a_job_id_cannot_leave_the_registry(registry: FileRegistry) -> None:
    with pytest.raises(InvalidArgument):
        registry.save_result("../escape", 1, "table.csv", "text/csv", [b""])


def test_a_job_id_that_leads_elsewhere_removes_nothing(registry: FileRegistry) -> None:
    version = sample.save_model(registry).version
    registry.save_result("job-1", 1, "table.csv", "text/csv", [b""])

    registry.remove_results("../models")

    assert registry.list_versions() == [version]


@pytest.mark.parametrize("name", ["../../models/secret.txt", "/etc/hostname", "..", "a/b", ""])
def test_a_result_whose_name_leads_to_another_folder_is_not_read(registry: FileRegistry, folder: Path, name: str) -> None:
    registry.save_result("job-1", 1, "table.csv", "text/csv", [b"1"])
    (folder / "models").mkdir()
    (folder / "models" / "secret.txt").write_text("secret")
    header = {"name": name, "media_type": "text/plain", "size_bytes": 6}
    (folder / "results" / "job-1" / "1" / HEADER).write_text(json.dumps(header))

    with pytest.raises(NotFound):
        registry.open_result("job-1")


def test_a_link_out_of_the_registry_is_not_followed(registry: FileRegistry, folder: Path, tmp_path: Path) -> None:
    registry.save_result("job-1", 1, "table.csv", "text/csv", [b"1"])
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "results" / "job-1" / "1" / "table.csv").unlink()
    (folder / "results" / "job-1" / "1" / "table.csv").symlink_to(tmp_path / "secret.txt")

    with pytest.raises(NotFound):
        registry.open_result("job-1")


def test_an_address_that_is_a_file_is_rejected(registry: FileRegistry, folder: Path) -> None:
    folder.write_text("no folder")

    with pytest.raises(Unavailable) as caught:
        sample.save_model(registry)

    assert caught.value.reason == "REGISTRY_UNUSABLE"
