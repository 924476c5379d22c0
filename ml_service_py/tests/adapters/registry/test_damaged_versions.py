"""Damaged and forged model versions are rejected with the reason, and none of them runs code."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

import damage
import pytest
import sample
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_service.adapters.registry.layout import JSON_BYTES_MAX, MANIFEST
from ml_service.errors import NotFound, Unavailable
from ml_service.model.artifact import UnusableArrays, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ml_service.adapters.registry.registry import FileRegistry


@pytest.fixture
def version(registry: FileRegistry) -> str:
    return sample.save_model(registry).version


@pytest.fixture
def folder(tmp_path: Path, version: str) -> Path:
    return tmp_path / "registry" / "models" / version


def refusal(read: Callable[[str], object], version: str) -> str:
    with pytest.raises(Unavailable) as caught:
        read(version)
    assert caught.value.reason == "MODEL_VERSION_UNUSABLE"
    return caught.value.detail


@pytest.mark.parametrize(("body", "cause"), damage.BODIES.values(), ids=damage.BODIES)
def test_arrays_that_are_no_model_version_are_rejected_although_their_hash_is_right(
    registry: FileRegistry, version: str, folder: Path, body: bytes, cause: str
) -> None:
    damage.rewrite(folder, body)

    assert cause in refusal(registry.load, version)
    assert damage.ran == []


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (damage.flip_a_byte, "isn't what the manifest says"),
        (lambda path: path.write_bytes(path.read_bytes() + b"more"), "isn't what the manifest says"),
        (lambda path: path.unlink(), "isn't there"),
    ],
    ids=["a flipped byte", "more bytes", "no file"],
)
def test_arrays_with_another_hash_than_in_the_manifest_are_rejected(
    registry: FileRegistry, version: str, folder: Path, spoil: Callable[[Path], object], cause: str
) -> None:
    spoil(damage.arrays_of(folder))

    assert cause in refusal(registry.load, version)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"format": 99}, "format"),
        ({"version": "20240101T000000Z-00000000"}, "another version's"),
        ({"metrics": {"ndcg_at_10": "high"}}, "metrics.ndcg_at_10"),
        ({"metrics": {"ndcg_at_10": "0.5"}}, "metrics.ndcg_at_10"),
        ({"estimator": "e" * 101}, "estimator"),
        ({"params": {"l2": {"nested": 1}}}, "params.l2"),
        ({"params": {"l2": 10**400}}, "params.l2"),
        ({"estimator": ["ease"]}, "estimator"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"files": {"../model.npz": {"sha256": "0" * 64, "size_bytes": 1}}}, "names no arrays"),
        ({"files": {"model.npz": {"sha256": "0", "size_bytes": 1}}}, "files.model.npz.sha256"),
        ({"files": {"model.npz": {"sha256": "0" * 64, "size_bytes": -1}}}, "files.model.npz.size_bytes"),
    ],
    ids=str,
)
def test_a_manifest_with_other_types_or_of_another_version_is_rejected(
    registry: FileRegistry, version: str, folder: Path, changes: dict[str, Any], cause: str
) -> None:
    damage.rewrite(folder, **changes)

    assert cause in refusal(registry.load, version)


@pytest.mark.parametrize("number", [1, 2])
def test_a_version_of_an_earlier_format_is_read(registry: FileRegistry, version: str, folder: Path, number: int) -> None:
    arrays = damage.arrays_of(folder)
    body = arrays.read_bytes()
    arrays.rename(folder / "model.npz")
    entry = {"sha256": hashlib.sha256(body).hexdigest(), "size_bytes": len(body)}

    damage.rewrite(folder, format=number, files={"model.npz": entry})

    assert registry.load(version).item_ids.size == 10


@pytest.mark.parametrize("text", ["", "[" * 100_000 + "]" * 100_000, "null"], ids=len)
def test_a_manifest_that_is_not_valid_json_is_rejected(registry: FileRegistry, version: str, folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text)

    assert "its manifest is wrong" in refusal(registry.describe, version)


def test_a_manifest_larger_than_a_mebibyte_is_rejected(registry: FileRegistry, version: str, folder: Path) -> None:
    (folder / MANIFEST).write_text(" " * JSON_BYTES_MAX + (folder / MANIFEST).read_text())

    assert "its manifest is wrong" in refusal(registry.describe, version)


def test_a_version_that_is_a_link_to_elsewhere_is_unknown(registry: FileRegistry, version: str, folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(NotFound):
        registry.load(version)


@settings(max_examples=100, deadline=None)
@given(place=st.integers(0, len(damage.GOOD) - 1), byte=st.integers(0, 255), kept=st.integers(0, len(damage.GOOD)))
def test_any_bytes_give_a_model_or_are_rejected(place: int, byte: int, kept: int) -> None:
    changed = damage.GOOD[:place] + bytes([byte]) + damage.GOOD[place + 1 :]

    for body in (changed, damage.GOOD[:kept], damage.GOOD[kept:] + changed):
        with suppress(UnusableArrays):
            assert read(BytesIO(body)).item_ids.ndim == 1
    assert damage.ran == []
