"""A sweep removes the files that dead writers and forgotten jobs left, and no other file."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from dying_writers import STEPS, VERSION, Killed, change, kill_after, save
from fsspec.core import url_to_fs

from ml_service.adapters.registry.registry import FileRegistry
from ml_service.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["folder", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "registry") if request.param == "folder" else f"memory://{uuid4().hex}"


@pytest.fixture
def registry(url: str) -> FileRegistry:
    return FileRegistry(url)


def sweep(registry: FileRegistry, *, in_future: bool = True) -> list[str]:
    before = datetime.now(UTC) + (timedelta(days=1) if in_future else -timedelta(days=1))
    return registry.sweep(before, before)


@pytest.mark.parametrize("steps", STEPS)
def test_the_files_of_a_dead_writer_are_swept_and_a_version_is_kept(registry: FileRegistry, url: str, steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, steps)
        with suppress(Killed):
            save(registry)
    versions = registry.list_versions()

    # The second sweep removes the folder that the first one emptied.
    sweep(registry)
    sweep(registry)

    assert registry.list_versions() == versions
    assert [registry.load(version).item_ids.size for version in versions] == [10] * len(versions)
    assert sweep(registry) == []


def test_files_that_are_being_written_are_not_swept(registry: FileRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[str] = []
    change(monkeypatch, lambda: swept.extend(sweep(registry, in_future=False)))

    save(registry)

    assert swept == []
    assert registry.load(VERSION).item_ids.size == 10


def test_a_writer_whose_files_were_swept_fails_and_leaves_no_version(registry: FileRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = FileRegistry._entry

    def late(self: FileRegistry, path: str) -> Any:
        sweep(registry)
        return entry(self, path)

    monkeypatch.setattr(FileRegistry, "_entry", late)

    with pytest.raises(Unavailable) as caught:
        save(registry)

    assert caught.value.reason == "REGISTRY_UNAVAILABLE"
    assert registry.list_versions() == []


def test_a_hidden_folder_of_an_earlier_release_is_swept(registry: FileRegistry, tmp_path: Path) -> None:
    hidden = tmp_path / "registry" / "models" / f".{VERSION}.{'0' * 32}"
    hidden.mkdir(parents=True)
    (hidden / "model.npz").write_bytes(b"half")

    sweep(FileRegistry(str(tmp_path / "registry")))
    sweep(FileRegistry(str(tmp_path / "registry")))

    assert not hidden.exists()


def test_files_of_forgotten_jobs_are_swept(registry: FileRegistry) -> None:
    registry.save_result("job-1", 1, "table.csv", "text/csv", [b"a"])
    kept = sweep(registry, in_future=False)

    swept = sweep(registry)

    assert (kept, swept) == ([], ["results/job-1"])
    with pytest.raises(NotFound):
        registry.open_result("job-1")


@pytest.mark.parametrize(
    "name",
    [
        "models/resnet/weights.bin",
        f"models/{VERSION}.bak/model.npz",
        f"models/{VERSION}/notes.txt",
        "results/2023/summary.csv",
        "results/job-1/notes.txt",
    ],
)
def test_files_of_other_programs_are_never_swept(registry: FileRegistry, url: str, name: str) -> None:
    files, root = url_to_fs(url)
    files.makedirs(f"{root}/{name}".rpartition("/")[0], exist_ok=True)
    files.pipe_file(f"{root}/{name}", b"of another program")

    swept = sweep(registry)

    assert swept == []
    assert files.cat_file(f"{root}/{name}") == b"of another program"


def test_files_behind_a_link_out_of_the_registry_are_not_swept(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious").write_text("kept")
    models = tmp_path / "registry" / "models"
    models.mkdir(parents=True)
    (models / VERSION).symlink_to(tmp_path / "elsewhere")

    sweep(FileRegistry(str(tmp_path / "registry")))

    assert (tmp_path / "elsewhere" / "precious").read_text() == "kept"
