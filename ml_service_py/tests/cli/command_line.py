"""A driver of the command line, with a store and a registry in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from ml_service.__main__ import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


class Commands:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database_url = f"sqlite:///{folder}/new folder/store.db"
        self.store = folder / "new folder" / "store.db"
        self._environment = {"DATABASE_URL": self.database_url, "REGISTRY_URL": str(folder / "registry")}

    def run(self, *arguments: str, **environment: str | None) -> Result:
        return CliRunner().invoke(app, arguments, env={**self._environment, **environment})
