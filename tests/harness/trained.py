"""A store with MovieLens 100K and a registry with one live version, built once for all suites that run on the same sources."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from filelock import FileLock

from harness.stack import ROOT, Data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ROOT / ".run" / "trained"


def trained_data() -> Data:
    """Return the data. Of suites that run side by side, the first one builds it. A test that changes it takes a copy."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    place = FOLDER / _digest_of_sources()
    with FileLock(FOLDER / "lock"):
        if not place.exists():
            _make(place)
    return Data(place)


def _make(place: Path) -> None:
    for other in FOLDER.iterdir():
        if other.is_dir():
            shutil.rmtree(other)
    data = Data(FOLDER / "unfinished")
    data.folder.mkdir()
    data.run("migrate")
    data.run("import", "--movielens")
    data.run("train", "--estimator", "ease", "--folds", "2")
    data.folder.rename(place)


def _digest_of_sources() -> str:
    digest = hashlib.sha256()
    for path in sorted(_sources()):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    service = ROOT / "ml_service_py"
    yield service / "requirements.lock"
    yield from (path for path in (service / "src").rglob("*") if path.is_file() and path.suffix != ".pyc")


if __name__ == "__main__":
    trained_data()
