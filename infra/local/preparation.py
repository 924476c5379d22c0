"""Tables, data and a first model version for the services: prepared once, and again when the migrations change."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from infra.local.progress import Steps
from infra.local.settings import Settings

MIGRATIONS = "ml_service_py/src/ml_service/adapters/sql/migrations/versions"


def start_preparation(settings: Settings, steps: Steps, after: Sequence[Future[None]]) -> None:
    """Start the steps one after the other. Each of their commands does nothing where its work is done."""
    if not settings.own_data and _is_prepared(settings):
        return
    settings.data.mkdir(parents=True, exist_ok=True)
    commands = {
        "the store's tables": ["migrate"],
        "your own data" if settings.own_data else "MovieLens 100K": import_command(settings),
        "the first model version": ["train", "--if-none"],
    }
    for name, arguments in commands.items():
        command = [str(settings.python), "-m", "ml_service", *arguments]

        def work(log: str = arguments[0], command: Sequence[str] = command) -> None:
            steps.command(log, command, cwd=settings.root, variables=settings.variables)

        after = [steps.start(name, work, after)]


def import_command(settings: Settings) -> list[str]:
    if not settings.own_data:
        return ["import", "--movielens"]
    interactions, items = settings.own_data
    return ["import", "--interactions", str(interactions), "--items", str(items), *settings.import_options]


def note_prepared(settings: Settings) -> None:
    _stamp(settings).write_text(_contents(settings), "utf-8")


def _is_prepared(settings: Settings) -> bool:
    """Return whether this stack prepared its stores before. Others may have changed a store that a variable names, so it never counts."""
    if settings.other_stores.keys() - {"AMQP_URL"}:
        return False
    return _stamp(settings).exists() and _stamp(settings).read_text("utf-8") == _contents(settings)


def _stamp(settings: Settings) -> Path:
    return settings.data / "prepared"


def _contents(settings: Settings) -> str:
    migrations = [file.read_text("utf-8") for file in sorted((settings.root / MIGRATIONS).glob("*.py"))]
    parts = [settings.variables["DATABASE_URL"], settings.variables["REGISTRY_URL"], *migrations]
    # A hash, as an address may hold a password.
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
