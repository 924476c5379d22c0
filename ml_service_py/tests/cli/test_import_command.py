"""The command `import`: what it prints, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sample

from ml_service.adapters.sql.database import open_engine
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.adapters.sql.store import SqlStore

if TYPE_CHECKING:
    from command_line import Commands


def test_import_reads_two_files(commands: Commands) -> None:
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
    SqlInteractionLog(engine).append([sample.erasure(0, "u")], None)
    engine.dispose()

    result = commands.run("import", "--interactions", str(commands.folder / "x.csv"), "--items", str(commands.folder / "y.csv"))

    assert result.stdout == "Imported 1 items and 2 interactions, 1 of them new\n"
    assert "Left out 1 interactions of users who were erased\n" in result.stderr


@pytest.mark.parametrize("options", [[], ["--interactions", "x.csv"], ["--movielens", "--items", "y.csv"]])
def test_import_names_its_missing_options(commands: Commands, options: list[str]) -> None:
    result = commands.run("import", *options)

    assert result.exit_code == 1
    assert result.stderr == "Give --movielens, or both --interactions and --items.\n"


def write(commands: Commands, items: str, interactions: str = "u,a,5,2024-01-01T00:00:00Z") -> list[str]:
    """Write the two files. Return the command's arguments that name them."""
    paths = {"--interactions": commands.folder / "x.csv", "--items": commands.folder / "y.csv"}
    paths["--interactions"].write_text(f"user_id,item_id,rating,timestamp\n{interactions}\n")
    paths["--items"].write_text(f"item_id,title\n{items}\n")
    return ["import", *(text for option, path in paths.items() for text in (option, str(path)))]


def test_an_import_over_other_data_is_refused_in_plain_words(commands: Commands) -> None:
    commands.run(*write(commands, "a,A film"))

    result = commands.run(*write(commands, "a,A book\nb,Another book"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[1:] == [
        "The store has data already, and this import would change it: nothing was imported.",
        "The store has 1 items and 1 interactions; no model version is live.",
        "The files have 2 items (1 new, 1 changed) and 1 interactions (0 new).",
        "Items with an equal id and another title: a ('A film' becomes 'A book').",
        "--add keeps what the store has and adds the files' data (make demo: IMPORT=--add).",
        (
            "--replace removes the store's items and interactions first, also those that users sent, and no model version stays live"
            " (make demo: IMPORT=--replace). Stop the gateways and workers before."
        ),
    ]


def test_the_same_files_again_are_no_error(commands: Commands) -> None:
    arguments = write(commands, "a,A film")
    commands.run(*arguments)

    result = commands.run(*arguments)

    assert (result.exit_code, result.stdout) == (0, "Imported 1 items and 1 interactions, 0 of them new\n")
    assert result.stderr.splitlines()[-1] == "The store had all of them: nothing changed"


def make_live(commands: Commands, version: str) -> None:
    engine = open_engine(commands.database_url)
    SqlStore(engine).compare_and_set_live(None, version)
    engine.dispose()


def test_an_addition_names_the_renamed_items_and_asks_for_a_training(commands: Commands) -> None:
    commands.run(*write(commands, "a,A film"))
    make_live(commands, "v1")

    result = commands.run(*write(commands, "a,A book\nb,Another book"), "--add")

    assert result.exit_code == 0
    assert "Note: items that got another title: a ('A film' becomes 'A book')\n" in result.stderr
    assert "The live model version v1 doesn't know this import: train one with `python -m ml_service train`\n" in result.stderr


def test_a_replacement_asks_for_a_training(commands: Commands) -> None:
    commands.run(*write(commands, "a,A film"))
    make_live(commands, "v1")

    result = commands.run(*write(commands, "b,A book", "u,b,4,2024-01-01T00:00:00Z"), "--replace")

    assert (result.exit_code, result.stdout) == (0, "Imported 1 items and 1 interactions, 1 of them new\n")
    assert "No model version is live: train one with `python -m ml_service train`\n" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--add", "--replace"], "Give --add or --replace, not both.\n"),
        (["--movielens", "--replace"], "Give --add or --replace only with --interactions and --items.\n"),
    ],
)
def test_options_that_contradict_each_other_are_refused(commands: Commands, options: list[str], said: str) -> None:
    files = [] if "--movielens" in options else ["--interactions", "x.csv", "--items", "y.csv"]

    result = commands.run("import", *files, *options)

    assert (result.exit_code, result.stderr) == (1, said)
