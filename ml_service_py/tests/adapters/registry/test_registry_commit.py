"""A version counts once its manifest is written, whenever its writer dies: in a folder, and in an object store, which has no rename."""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from dying_writers import STEPS, VERSION, Killed, change, kill_after, save

from ml_service.adapters.registry.registry import FileRegistry
from ml_service.errors import NotFound, Unavailable
from ml_service.model import artifact

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["folder", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "registry") if request.param == "folder" else f"memory://{uuid4().hex}"


@pytest.fixture
def registry(url: str) -> FileRegistry:
    return FileRegistry(url)


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
