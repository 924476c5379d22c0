"""The commands: what they do to the store, and the sentence that a mistake gets."""

from __future__ import annotations

import errno
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from damage import flip_a_byte
from fsspec.implementations.local import LocalFileSystem
from structlog.testing import capture_logs

from ml_service.adapters.sql import database
from ml_service.adapters.sql.database import is_migrated, open_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_line import Commands


LOGGING_PROGRAM = """
import structlog
from ml_service.entrypoints.process.logs import configure_logs
configure_logs("info")
structlog.get_logger("x").info("moved", offset=3)
"""


def test_migrate_creates_the_tables(commands: Commands) -> None:
    result = commands.run("migrate")

    engine = open_engine(commands.database_url)
    assert result.exit_code == 0
    assert is_migrated(engine)
    engine.dispose()


def test_every_wrong_setting_is_named_at_once(commands: Commands) -> None:
    result = commands.run("migrate", DATABASE_URL=None, RECOMMENDER_GRPC_PORT="many")

    assert result.exit_code == 1
    assert [line.replace(":", " ").split()[0] for line in result.stderr.splitlines()] == ["DATABASE_URL", "RECOMMENDER_GRPC_PORT"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "no url"),
        ("DATABASE_URL", "nosuch://x"),
        ("REGISTRY_URL", "nosuch://x"),
        ("AMQP_URL", "amqp://broker/?heartbeat=soon"),
    ],
)
def test_an_address_that_leads_nowhere_is_named(commands: Commands, variable: str, value: str) -> None:
    result = commands.run("migrate", **{variable: value})

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{variable}: ")


def test_a_training_with_too_few_folds_is_rejected(commands: Commands) -> None:
    commands.run("migrate")

    result = commands.run("train", "--folds", "1")

    assert (result.exit_code, result.stderr) == (1, "folds is 1; use 2 to 10.\n")


def test_an_evaluation_without_data_is_rejected(commands: Commands) -> None:
    commands.run("migrate")

    result = commands.run("evaluate")

    assert result.exit_code == 1
    assert "The store has no ratings" in result.stderr


def spoil_with_text(commands: Commands) -> None:
    commands.store.write_text("no database" * 100)


def spoil_with_foreign_items(commands: Commands) -> None:
    with closing(sqlite3.connect(commands.store)) as store:
        store.execute("CREATE TABLE items (price REAL)")


def spoil_with_a_later_revision(commands: Commands) -> None:
    commands.run("migrate")
    with closing(sqlite3.connect(commands.store)) as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
        store.commit()


COMMANDS = (["migrate"], ["train"], ["evaluate"], ["train", "--if-none"], ["work"], ["serve"])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_with_text, ["file is not a database"]),
        (spoil_with_foreign_items, ["tables of another program: items", "no tables of this version"]),
        (spoil_with_a_later_revision, ["revision 9999", "no tables of this version"]),
    ],
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_store_that_can_not_be_used_ends_each_command_with_one_sentence(
    commands: Commands, command: list[str], spoil: Callable[[Commands], None], said: list[str]
) -> None:
    commands.store.parent.mkdir()
    spoil(commands)

    result = commands.run(*command)

    assert (result.exit_code, "Traceback" in result.output) == (1, False)
    assert any(cause in result.stderr.splitlines()[-1] for cause in said)


@pytest.mark.parametrize("command", COMMANDS[1:], ids=" ".join)
def test_a_store_without_tables_asks_for_migrate(commands: Commands, command: list[str]) -> None:
    commands.store.parent.mkdir()

    result = commands.run(*command)

    assert result.stderr.splitlines()[-1] == "The SQL store has no tables of this version. Run `python -m ml_service migrate`."


def test_a_bug_ends_a_command_with_one_sentence_and_its_stack_in_the_log(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_engine: object, *, beside_others: bool) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(database, "migrate", fail)

    with capture_logs() as logs:
        result = commands.run("migrate")

    assert result.stderr == "The command failed because of a bug, a LookupError: report it with the log above.\n"
    assert [row["event"] for row in logs] == ["command failed"]


def test_a_file_that_can_not_be_written_is_named(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_engine: object, *, beside_others: bool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/cache/file")

    monkeypatch.setattr(database, "migrate", fail)

    result = commands.run("migrate")

    assert result.stderr == "/cache/file: No space left on device. Fix that, then try again.\n"


@pytest.mark.parametrize(
    "url",
    ["http://guest:geheim@localhost/", "amqp://guest:geheim@localhost:geheim/", "geheim", "amqp://"],
    ids=["http", "port", "word", "no host"],
)
def test_a_broker_address_that_can_not_be_read_is_named_and_not_quoted(commands: Commands, url: str) -> None:
    result = commands.run("dead-letters", "list", AMQP_URL=url)

    assert (result.exit_code, "geheim" in result.output) == (1, False)
    assert result.stderr.startswith("AMQP_URL ")


def plant(commands: Commands) -> None:
    rows = [f"u{user},i{item}" for user in range(20) for item in range(user % 2, 10, 2)]
    (commands.folder / "x.csv").write_text("\n".join(["user_id,item_id", *rows]))
    (commands.folder / "y.csv").write_text("\n".join(["item_id,title", *(f"i{item},Film {item}" for item in range(10))]))
    commands.run("import", "--interactions", str(commands.folder / "x.csv"), "--items", str(commands.folder / "y.csv"))


TRAIN = ("train", "--if-none", "--estimator", "popularity", "--folds", "2")


def test_train_if_none_trains_once(commands: Commands) -> None:
    plant(commands)

    first, second = commands.run(*TRAIN), commands.run(*TRAIN)

    assert "is live" in first.stdout
    assert second.stderr == "A model version is live already\n"


def test_a_line_of_progress_names_the_best_candidate_so_far_whose_figure_it_shows(commands: Commands) -> None:
    plant(commands)

    result = commands.run(*TRAIN)

    measured = r"^ *\d+\.\d %  Measured popularity, round 1, fit 2 of 2; best so far: popularity \(ndcg_at_10 0\.\d{4}\)$"
    assert re.search(measured, result.stderr, re.MULTILINE)
    assert re.search(r"^ *0\.0 %  Searching popularity$", result.stderr, re.MULTILINE)


def test_train_if_none_names_a_live_version_that_is_stale(commands: Commands) -> None:
    plant(commands)
    commands.run(*TRAIN)
    with (commands.folder / "y.csv").open("a") as items:
        items.write("\nnew,A new film\n")
    commands.run("import", "--interactions", str(commands.folder / "x.csv"), "--items", str(commands.folder / "y.csv"), "--add")

    result = commands.run(*TRAIN)

    assert re.search(r"^Note: the live model version \S+ was trained before the last import. Train a new one", result.stderr, re.MULTILINE)


def lose_registry(commands: Commands) -> None:
    shutil.rmtree(commands.folder / "registry")


def damage_arrays(commands: Commands) -> None:
    (arrays,) = (commands.folder / "registry").rglob("model*.npz")
    flip_a_byte(arrays)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(lose_registry, "the registry doesn't hold it: one of them was restored alone"), (damage_arrays, "isn't what the manifest")],
)
def test_train_if_none_replaces_a_live_version_whose_files_are_lost(
    commands: Commands, spoil: Callable[[Commands], None], said: str
) -> None:
    plant(commands)
    commands.run(*TRAIN)
    spoil(commands)

    mended, after = commands.run(*TRAIN), commands.run(*TRAIN)

    assert said in mended.stderr
    assert "is live" in mended.stdout
    assert after.stderr == "A model version is live already\n"


def test_train_if_none_trains_nothing_while_the_registry_can_not_be_read(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(commands)
    commands.run(*TRAIN)

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(LocalFileSystem, "cat_file", fail)
    result = commands.run(*TRAIN)

    assert result.exit_code == 1
    assert "The registry can't be used now (Input/output error). Fix the cause, then try again." in result.stderr


def test_logs_are_json_lines_with_data_in_fields() -> None:
    result = subprocess.run([sys.executable, "-c", LOGGING_PROGRAM], capture_output=True, text=True, check=True)

    row = json.loads(result.stderr)
    assert (row["event"], row["offset"], row["level"]) == ("moved", 3, "info")
    assert result.stdout == ""
