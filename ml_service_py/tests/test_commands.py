"""The commands: what they do to the store, and the sentence that a mistake gets."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import sample
from typer.testing import CliRunner

from ml_service import commands as commands_module
from ml_service.__main__ import app
from ml_service.adapters.database import is_migrated, open_engine
from ml_service.adapters.interaction_log import InteractionLog

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


LOGGING_PROGRAM = """
import structlog
from ml_service.entrypoints.logs import configure_logs
configure_logs("info")
structlog.get_logger("x").info("moved", offset=3)
"""


class Commands:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database_url = f"sqlite:///{folder}/new folder/store.db"
        self._environment = {"DATABASE_URL": self.database_url, "REGISTRY_URL": str(folder / "registry")}

    def run(self, *arguments: str, **environment: str | None) -> Result:
        return CliRunner().invoke(app, arguments, env={**self._environment, **environment})


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    # The runner's own standard error is gone when the test is over, and a process has one set of log handlers.
    monkeypatch.setattr(commands_module, "configure_logs", lambda _level: None)
    return Commands(tmp_path)


def test_migrate_creates_the_tables(commands: Commands) -> None:
    result = commands.run("migrate")

    engine = open_engine(commands.database_url)
    assert result.exit_code == 0
    assert is_migrated(engine)
    engine.dispose()


def test_import_brings_two_files_in(commands: Commands) -> None:
    (commands.folder / "x.csv").write_text("user_id,item_id\nu,a\n")
    (commands.folder / "y.csv").write_text("item_id,title\na,A\n")

    result = commands.run("import", "--interactions", str(commands.folder / "x.csv"), "--items", str(commands.folder / "y.csv"))

    assert result.exit_code == 0
    assert result.stdout == "Imported 1 items and 1 interactions, 1 of them new\n"


def test_import_says_how_many_rows_of_erased_users_it_left_out(commands: Commands) -> None:
    (commands.folder / "x.csv").write_text("user_id,item_id\nu,a\nv,a\n")
    (commands.folder / "y.csv").write_text("item_id,title\na,A\n")
    commands.run("migrate")
    engine = open_engine(commands.database_url)
    InteractionLog(engine).append([sample.erasure(0, "u")], None)
    engine.dispose()

    result = commands.run("import", "--interactions", str(commands.folder / "x.csv"), "--items", str(commands.folder / "y.csv"))

    assert result.stdout == "Imported 1 items and 2 interactions, 1 of them new\n"
    assert "Left out 1 interactions of users who were erased\n" in result.stderr


@pytest.mark.parametrize("options", [[], ["--interactions", "x.csv"], ["--movielens", "--items", "y.csv"]])
def test_import_says_what_it_needs(commands: Commands, options: list[str]) -> None:
    result = commands.run("import", *options)

    assert result.exit_code == 1
    assert result.stderr == "Give --movielens, or both --interactions and --items.\n"


def test_every_wrong_setting_is_named_at_once(commands: Commands) -> None:
    result = commands.run("migrate", DATABASE_URL=None, RECOMMENDER_GRPC_PORT="many")

    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["DATABASE_URL", "RECOMMENDER_GRPC_PORT"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DATABASE_URL", "no url"), ("DATABASE_URL", "nosuch://x"), ("REGISTRY_URL", "nosuch://x")],
)
def test_an_address_that_leads_nowhere_is_named(commands: Commands, variable: str, value: str) -> None:
    result = commands.run("migrate", **{variable: value})

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{variable}: ")


def test_a_training_with_too_few_folds_is_refused(commands: Commands) -> None:
    commands.run("migrate")

    result = commands.run("train", "--folds", "1")

    assert (result.exit_code, result.stderr) == (1, "folds is 1; use 2 to 10.\n")


def test_evaluating_without_data_is_refused(commands: Commands) -> None:
    commands.run("migrate")

    result = commands.run("evaluate")

    assert result.exit_code == 1
    assert "The store has no ratings" in result.stderr


def test_logs_are_json_lines_with_data_in_fields() -> None:
    result = subprocess.run([sys.executable, "-c", LOGGING_PROGRAM], capture_output=True, text=True, check=True)

    row = json.loads(result.stderr)
    assert (row["event"], row["offset"], row["level"]) == ("moved", 3, "info")
    assert result.stdout == ""
