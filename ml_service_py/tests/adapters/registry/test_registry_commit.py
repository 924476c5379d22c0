"""A version counts once its manifest is written, whenever its writer dies: in a folder, and in an object store, which has no rename."""

from __future__ import annotations

import errno
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import sample
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from ml_service.adapters.registry.registry import FileRegistry
from ml_service.errors import NotFound, Unavailable
from ml_service.model import artifact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERSION = "20240501T123000Z-00000000"
CHANGES = ("makedirs", "open", "pipe_file", "cp_file", "rm", "rm_file", "mv")
#: More steps than writing a version takes.
STEPS = range(12)


class Killed(BaseException):
    """Stands for the end of the writer's process."""


@pytest.fixture(params=["folder", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "registry") if request.param == "folder" else f"memory://{uuid4().hex}"


@pytest.fixture
def registry(url: str) -> FileRegistry:
    return FileRegistry(url)


def save(registry: FileRegistry, ndcg: float = 0.5) -> None:
    registry.save(
        sample.parity_model(), estimator="ease", params={"l2": 1.0}, metrics={"ndcg_at_10": ndcg}, data={"fingerprint": "f"}, name=VERSION
    )


def change(patch: pytest.MonkeyPatch, before: Callable[[], None]) -> None:
    """Call `before` ahead of each change of a file system, except changes made by `before` itself."""
    is_called = False

    def changed(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal is_called
            if not is_called:
                is_called = True
                try:
                    before()
                finally:
                    is_called = False
            return original(*args, **options)

        return call

    for kind in (LocalFileSystem, MemoryFileSystem):
        for name in CHANGES:
            patch.setattr(kind, name, changed(getattr(kind, name)))


def kill_after(patch: pytest.MonkeyPatch, steps: int) -> None:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if done > steps:
            raise Killed

    change(patch, count)


@pytest.mark.parametrize("steps", STEPS)
def test_readers_find_a_complete_version_or_none_after_a_writer_died_at_any_step(registry: FileRegistry, url: str, steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, steps)
        with suppress(Killed):
            save(registry)

    for version in FileRegistry(url).list_versions():
        assert registry.load(version).item_ids.size == 10


def test_a_reader_finds_a_complete_version_or_none_while_a_writer_works(registry: FileRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> None:
        for version in registry.list_versions():
            registry.load(version)

    change(monkeypatch, read)

    save(registry)

    assert registry.list_versions() == [VERSION]


@pytest.mark.parametrize("steps", STEPS)
def test_the_files_of_a_dead_writer_do_not_block_the_next_writer(registry: FileRegistry, steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, steps)
        with suppress(Killed):
            save(registry, ndcg=0.1)
    was_whole = registry.list_versions() == [VERSION]

    save(registry, ndcg=0.2)

    assert registry.describe(VERSION).metrics == {"ndcg_at_10": 0.1 if was_whole else 0.2}
    assert registry.load(VERSION).item_ids.size == 10


def test_of_two_writers_of_one_version_the_first_counts(registry: FileRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    write = artifact.write

    def overtaken(*args: Any) -> None:
        monkeypatch.setattr(artifact, "write", write)
        save(registry, ndcg=0.1)
        write(*args)

    monkeypatch.setattr(artifact, "write", overtaken)

    save(registry, ndcg=0.2)

    assert registry.describe(VERSION).metrics == {"ndcg_at_10": 0.1}
    assert registry.load(VERSION).item_ids.size == 10


@pytest.mark.parametrize("steps", STEPS)
def test_the_file_of_a_job_that_died_at_any_step_is_complete_or_missing(registry: FileRegistry, steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, steps)
        with suppress(Killed):
            registry.save_result("job-1", 1, "table.csv", "text/csv", [b"a", b"b"])

    try:
        header, chunks = registry.open_result("job-1")
    except NotFound:
        return
    assert (header.size_bytes, b"".join(chunks)) == (2, b"ab")


def test_the_file_of_an_earlier_attempt_counts_while_the_last_one_is_written(registry: FileRegistry) -> None:
    registry.save_result("job-1", 1, "table.csv", "text/csv", [b"first"])
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, 3)
        with pytest.raises(Killed):
            registry.save_result("job-1", 2, "table.csv", "text/csv", [b"second"])

    _, chunks = registry.open_result("job-1")

    assert b"".join(chunks) == b"first"


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


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "REGISTRY_UNAVAILABLE"),
        (errno.EIO, "REGISTRY_UNAVAILABLE"),
        (errno.ESTALE, "REGISTRY_UNAVAILABLE"),
        (errno.EACCES, "REGISTRY_UNUSABLE"),
        (errno.EROFS, "REGISTRY_UNUSABLE"),
    ],
)
def test_an_error_while_writing_is_reported_with_its_cause(
    registry: FileRegistry, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    cause = OSError(number, "The cause of it")

    def fail() -> None:
        raise cause

    change(monkeypatch, fail)

    with pytest.raises(Unavailable) as caught:
        save(registry)

    assert (caught.value.reason, caught.value.cause) == (reason, "The cause of it")
    assert caught.value.retryable == (reason == "REGISTRY_UNAVAILABLE")
