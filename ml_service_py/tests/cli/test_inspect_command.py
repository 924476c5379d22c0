"""The command `inspect`: what it says about files. It needs no store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from command_line import Commands

COLUMNS = ("--columns", "user_id=User-ID,item_id=ISBN,rating=Book-Rating", "--item-columns", "item_id=ISBN,title=Book-Title")


def write(commands: Commands, name: str, text: str) -> str:
    path = commands.folder / name
    path.write_text(text)
    return str(path)


def ratings(commands: Commands) -> str:
    return write(commands, "ratings.csv", '"User-ID";"ISBN";"Book-Rating"\n"7";"b1";"0"\n"8";"b2";"10"\n')


def books(commands: Commands) -> str:
    return write(commands, "books.csv", "ISBN;Book-Title;Publisher\nb1;One;X\nb2;Two;Y\n")


def test_one_file_is_described_with_the_options_to_try(commands: Commands) -> None:
    result = commands.run("inspect", ratings(commands), DATABASE_URL=None)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "ratings.csv: delimiter ;, encoding utf-8, 3 columns",
        "  User-ID      unknown    7 · 8",
        "  ISBN         unknown    b1 · b2",
        "  Book-Rating  unknown    0 · 10",
        "  No column is user_id or item_id. Try --columns user_id=User-ID,item_id=ISBN,rating=Book-Rating",
    ]


def test_a_file_of_items_is_recognised(commands: Commands) -> None:
    result = commands.run("inspect", books(commands))

    assert result.stdout.splitlines()[-1] == "  No column is item_id or title. Try --item-columns item_id=ISBN,title=Book-Title"


def test_a_column_that_an_import_rejects_as_unknown_is_not_called_ignored(commands: Commands) -> None:
    file = write(commands, "plays.csv", "user_id,item_id,count\nu,b1,3\n")

    assert commands.run("inspect", file).stdout.splitlines()[-2:] == [
        "  count    unknown    3",
        "  An import rejects unknown columns. Try --columns user_id=user_id,item_id=item_id,plays=count",
    ]


def test_line_breaks_and_control_characters_of_cells_are_shown_as_signs(commands: Commands) -> None:
    file = write(commands, "items.csv", 'item_id,title\nb1,"two\nlines"\nb2,red \x1b[31m\n')

    assert commands.run("inspect", file).stdout.splitlines()[-1] == "  title    title      two�lines · red �[31m"


def test_a_file_without_a_header_is_described_with_how_to_name_its_columns(commands: Commands) -> None:
    file = write(commands, "ratings.dat", "1::1193::5\n1::661::3\n")

    assert "For a file without a header line give the fields" in commands.run("inspect", file).stdout
    assert commands.run("inspect", file, "--columns", "user_id,item_id,-").stdout.splitlines() == [
        "ratings.dat: delimiter ::, encoding utf-8, 3 columns",
        "  column 1  user_id    1 · 1",
        "  column 2  item_id    1193 · 661",
        "  column 3  ignored    5 · 3",
    ]


def test_a_single_file_that_can_not_be_read_is_an_error(commands: Commands) -> None:
    result = commands.run("inspect", str(commands.folder / "none.csv"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "none.csv: can't be read: No such file or directory\n" in result.stderr
    assert f"Check that {commands.folder / 'none.csv'} is a file that you may read." in result.stderr


def test_of_two_files_one_that_can_not_be_read_is_reported_once(commands: Commands) -> None:
    result = commands.run("inspect", ratings(commands), str(commands.folder / "none.csv"))

    assert result.exit_code == 1
    assert (result.stdout + result.stderr).count("none.csv: can't be read") == 1


def test_two_files_are_described_with_what_an_import_would_do_and_nothing_is_written(commands: Commands) -> None:
    result = commands.run("inspect", ratings(commands), books(commands), *COLUMNS, "--scale", "1-10", "--implicit-zeros")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-3:] == [
        "  Publisher   ignored    X · Y",
        "An import would read 2 items and 2 interactions.",
        "books.csv: ignored the columns Publisher.",
    ]
    assert not commands.store.exists()


def test_what_an_import_would_reject_is_said_with_the_options_to_try(commands: Commands) -> None:
    result = commands.run("inspect", ratings(commands), books(commands), *COLUMNS)

    assert result.exit_code == 1
    assert "ratings.csv, line 2, column Book-Rating: is '0', not a number from 0.5 to 5" in result.stderr
    assert "--implicit-zeros" in result.stderr


def test_an_import_takes_the_same_options_and_names_what_it_leaves_out(commands: Commands) -> None:
    files = ("--interactions", ratings(commands), "--items", books(commands))

    result = commands.run("import", *files, *COLUMNS, "--scale", "1-10", "--implicit-zeros")

    assert (result.exit_code, result.stdout) == (0, "Imported 2 items and 2 interactions, 2 of them new\n")
    assert "Note: books.csv: ignored the columns Publisher.\n" in result.stderr
