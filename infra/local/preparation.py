"""What the services find at their start: tables, data, a model version. Prepared once, and again when the migrations change."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from infra.local.data_places import data_places

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from infra.local.progress import Steps
    from infra.local.settings import Settings


def start_preparation(settings: Settings, steps: Steps, after: Sequence[Future[None]]) -> None:
    """Starts the steps one after the other. Each of their commands does nothing where its work is done."""
    if not settings.own_data and _is_prepared(settings):
        return
    settings.data.mkdir(parents=True, exist_ok=True)
    for name, arguments in _commands(settings):
        command = [str(settings.python), "-m", "ml_service", *arguments]

        def work(log: str = arguments[0], command: Sequence[str] = command) -> None:
            steps.command(log, command, cwd=settings.root, variables=settings.variables)

        after = [steps.start(name, work, after)]


def note_prepared(settings: Settings) -> None:
    _stamp(settings).write_text(_fingerprint(settings), "utf-8")


def _is_prepared(settings: Settings) -> bool:
    """Say whether this stack prepared its stores before. Stores outside the run folder never count: others may have changed them since."""
    if not all(place.is_ours for place in data_places(settings)[:2]):
        return False
    stamp = _stamp(settings)
    return stamp.exists() and stamp.read_text("utf-8") == _fingerprint(settings)


def _stamp(settings: Settings) -> Path:
    return settings.data / "prepared"


def _commands(settings: Settings) -> list[tuple[str, list[str]]]:
    own = settings.own_data
    data = ("your own data", ["--interactions", str(own[0]), "--items", str(own[1])]) if own else ("MovieLens 100K", ["--movielens"])
    return [("the store's tables", ["migrate"]), (data[0], ["import", *data[1]]), ("the first model version", ["train", "--if-none"])]


def _fingerprint(settings: Settings) -> str:
    migrations = settings.root / "ml_service_py" / "src" / "ml_service" / "adapters" / "migrations" / "versions"
    parts = [settings.variables["DATABASE_URL"], settings.variables["REGISTRY_URL"]]
    parts += [file.read_text("utf-8") for file in sorted(migrations.glob("*.py"))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
