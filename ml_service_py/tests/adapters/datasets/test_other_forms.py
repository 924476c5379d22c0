"""Files of other forms than the project's own: delimiters, quotes, encodings, columns, scales, zeros and plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ml_service.adapters.datasets.csv_cells import Scale
from ml_service.adapters.datasets.csv_import import INTERACTION_COLUMNS, ITEM_COLUMNS, ReadOptions, read_csv
from ml_service.adapters.datasets.file_form import FileForm
from ml_service.domain import Dataset, Interaction
from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ITEMS = "item_id,title\na,Alpha\nb,Beta\n"
DEFAULTS = ReadOptions()
Shown = tuple[str, str, float | None]


LIKES_A = "user_id,item_id\nu,a\n"


class Files:
    """Two files in a folder, and what an import reads from them."""

    def __init__(self, folder: Path) -> None:
        self._paths = folder / "x.csv", folder / "y.csv"

    def read(self, interactions: str | bytes, items: str | bytes = ITEMS, options: ReadOptions = DEFAULTS) -> Dataset:
        for path, content in zip(self._paths, (interactions, items), strict=True):
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        data = read_csv(*self._paths, options)
        return Dataset(data.items, tuple(data.interactions), data.notes)

    def rows(
        self, interactions: str | bytes, items: str | bytes = ITEMS, options: ReadOptions = DEFAULTS
    ) -> list[tuple[str, str, float | None]]:
        return [shown(row) for row in self.read(interactions, options=options).interactions]

    def refusal(self, interactions: str | bytes, items: str | bytes = ITEMS, options: ReadOptions = DEFAULTS) -> str:
        with pytest.raises(InvalidArgument) as refusal:
            self.read(interactions, items, options)
        return refusal.value.detail


def shown(row: Interaction) -> Shown:
    return row.user_id, row.item_id, row.rating


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "utf8"])
def test_a_byte_order_mark_is_no_part_of_the_first_column_s_name(files: Files, encoding: str) -> None:
    assert files.rows("\ufeffuser_id,item_id\nu,a\n", options=ReadOptions(form=FileForm(encoding=encoding))) == [("u", "a", None)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "::"])
def test_the_delimiter_is_detected_by_the_header_whatever_the_cells_hold(files: Files, delimiter: str) -> None:
    interactions, items = (text.replace(",", delimiter) for text in ("user_id,item_id,rating\nu,a,4\n", "item_id,title\na,TITLE\n"))
    title = " ".join(other for other in (",", ";", "\t", "::") if other != delimiter)

    data = files.read(interactions, items.replace("TITLE", title))

    assert ([shown(row) for row in data.interactions], data.items[0].title) == ([("u", "a", 4.0)], title)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "::"])
def test_the_delimiter_of_a_file_without_a_header_is_detected_by_its_rows(files: Files, delimiter: str) -> None:
    options = ReadOptions(interaction_columns=INTERACTION_COLUMNS.chosen("user_id,-,item_id"))

    assert files.rows(delimiter.join(["u", "1", "a"]) + "\n", options=options) == [("u", "a", None)]


def test_a_file_that_two_delimiters_cut_equally_is_rejected_until_one_is_named(files: Files) -> None:
    columns = INTERACTION_COLUMNS.chosen("user_id,item_id")
    text = "u;1,a\nv;2,b\n"

    assert files.refusal(text, options=ReadOptions(interaction_columns=columns)).startswith("x.csv, line 1: the delimiter may be , or ;")
    assert files.rows(text, options=ReadOptions(FileForm(","), columns)) == [("u;1", "a", None), ("v;2", "b", None)]


def test_quotes_mark_nothing_in_files_with_tabs_unless_somebody_says_so(files: Files) -> None:
    items = 'item_id\ttitle\na\t"Weird" Al\n'

    assert files.read(LIKES_A, items).items[0].title == '"Weird" Al'
    assert files.read(LIKES_A, 'item_id\ttitle\na\t"Al"\n', ReadOptions(FileForm(quotes="double"))).items[0].title == "Al"


def test_quotes_after_a_backslash_belong_to_the_cell_if_somebody_says_so(files: Files) -> None:
    items = '"item_id";"title"\n"a";"\\"Weird\\"; Al"\n'

    assert "say --quotes backslash or --quotes none" in files.refusal(LIKES_A, items)
    assert files.read(LIKES_A, items, ReadOptions(FileForm(quotes="backslash"))).items[0].title == '"Weird"; Al'


def test_another_encoding_is_named_in_the_error_and_read_if_given(files: Files) -> None:
    items = "item_id;title\na;José\n".encode("latin-1")

    refusal = files.refusal(LIKES_A, items)

    assert "y.csv, line 2: isn't UTF-8: byte 6 of the line is 0xe9" in refusal
    assert "Name another encoding by --encoding, such as latin-1" in refusal
    assert files.read(LIKES_A, items, ReadOptions(FileForm(encoding="latin-1"))).items[0].title == "José"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FileForm(encoding="klingon"), "--encoding is 'klingon'"),
        (lambda: FileForm(encoding="utf-16"), "--encoding is 'utf-16'"),
        (lambda: FileForm(delimiter="|"), "--delimiter is '|'"),
        (lambda: FileForm(quotes="'"), '--quotes is "\'"'),
        (lambda: Scale.parse("10"), "--scale is '10'"),
        (lambda: Scale.parse("10-1"), "--scale is '10-1'"),
        (
            lambda: INTERACTION_COLUMNS.chosen("user=U,item_id=I"),
            "--columns is 'user=U,item_id=I'. The fields are user_id,",
        ),
        (lambda: INTERACTION_COLUMNS.chosen("user_id,rating"), "--columns is 'user_id,rating'"),
        (lambda: INTERACTION_COLUMNS.chosen("user_id,item_id,item_id"), "each at most once"),
        (lambda: ITEM_COLUMNS.chosen("item_id,title=T"), "--item-columns is 'item_id,title=T'"),
    ],
)
def test_a_wrong_option_is_named_with_its_value(make: Callable[[], object], said: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        make()

    assert refusal.value.reason == "REQUEST_INVALID"
    assert said in refusal.value.detail


def test_chosen_columns_are_read_and_others_ignored_in_one_sentence(files: Files) -> None:
    options = ReadOptions(
        interaction_columns=INTERACTION_COLUMNS.chosen("user_id=User, item_id=ISBN"), item_columns=ITEM_COLUMNS.chosen("title=Name")
    )

    data = files.read("User,ISBN,rating,Age,Place\nu,a,4,30,X\n", "item_id,Name,title\na,Alpha,x\n", options)

    assert [shown(row) for row in data.interactions] == [("u", "a", 4.0)]
    assert data.items[0].title == "Alpha"
    assert data.notes == ["y.csv: ignored the columns title.", "x.csv: ignored the columns Age, Place."]


def test_headers_of_both_files_are_reported_together_with_what_to_do(files: Files) -> None:
    problems, *hints = files.refusal("User;ISBN\nu;a\n", "id,name\na,Alpha\n").split("\n\n")

    assert problems.split("\n") == [
        "y.csv, line 1, column item_id: is missing in the header, which has id, name (delimiter ,)",
        "y.csv, line 1, column title: is missing in the header, which has id, name (delimiter ,)",
        "x.csv, line 1, column user_id: is missing in the header, which has User, ISBN (delimiter ;)",
        "x.csv, line 1, column item_id: is missing in the header, which has User, ISBN (delimiter ;)",
    ]
    assert hints == [ITEM_COLUMNS.hint, INTERACTION_COLUMNS.hint]


def test_a_problem_names_the_column_as_the_file_does(files: Files) -> None:
    options = ReadOptions(interaction_columns=INTERACTION_COLUMNS.chosen("user_id=User,item_id=ISBN,rating=Stars"))

    assert "x.csv, line 2, column Stars: is '9', not a number from 0.5 to 5" in files.refusal("User,ISBN,Stars\nu,a,9\n", options=options)


@pytest.mark.parametrize(
    ("scale", "given", "read"),
    [("1-10", "1", 0.5), ("1-10", "7", 3.5), ("1-10", "10", 5.0), ("0-100", "0", 0.5), ("0-100", "50", 2.75), ("-10-10", "-10", 0.5)],
)
def test_ratings_of_another_scale_are_mapped_to_the_project_s(files: Files, scale: str, given: str, read: float) -> None:
    options = ReadOptions(scale=Scale.parse(scale))

    assert files.rows(f"user_id,item_id,rating\nu,a,{given}\n", options=options) == [("u", "a", read)]


def test_a_rating_outside_of_the_scale_is_rejected_with_the_options_to_try(files: Files) -> None:
    refusal = files.refusal("user_id,item_id,rating\nu,a,0\n", options=ReadOptions(scale=Scale(1, 10)))

    assert "is '0', not a number from 1 to 10" in refusal
    assert "If 0 means used and not rated, say --implicit-zeros." in refusal


@pytest.mark.parametrize("zero", ["0", "0.0", "00"])
def test_a_zero_is_an_interaction_without_a_rating_if_somebody_says_so(files: Files, zero: str) -> None:
    options = ReadOptions(scale=Scale(1, 10), has_implicit_zeros=True)

    assert files.rows(f"user_id,item_id,rating\nu,a,{zero}\nu,b,10\n", options=options) == [("u", "a", None), ("u", "b", 5.0)]


def test_plays_are_interactions_without_a_rating_and_rows_with_few_are_left_out(files: Files) -> None:
    text = "user_id,item_id,plays\nu,a,0\nu,b,1\nv,a,2.0\nv,b,\n"

    assert files.rows(text) == [("u", "b", None), ("v", "a", None), ("v", "b", None)]
    data = files.read(text, options=ReadOptions(plays_min=2))
    assert [shown(row) for row in data.interactions] == [("v", "a", None), ("v", "b", None)]
    assert data.notes == ["2 rows with fewer than 2 plays were left out."]


@pytest.mark.parametrize(("year", "read"), [("1999", 1999), ("1999.0", 1999), ("0", None), ("0000", None), ("-750.0", None), ("", None)])
def test_a_year_of_0_or_before_is_none(files: Files, year: str, read: int | None) -> None:
    assert files.read(LIKES_A, f"item_id,title,year\na,Alpha,{year}\n").items[0].year == read


def test_rows_that_can_not_be_used_are_left_out_and_counted_if_somebody_says_so(files: Files) -> None:
    text = "user_id,item_id,rating\nu,a,4\nu,z,4\nu,b,x\n" + "u,z,3\n" * 30
    assert "say --skip-unusable-rows" in files.refusal(text)

    data = files.read(text, options=ReadOptions(is_skipping=True))

    assert [shown(row) for row in data.interactions] == [("u", "a", 4.0)]
    (note,) = data.notes
    first, second, *_, last = note.split("\n")
    assert first == "x.csv: left out 32 rows that can't be used:"
    assert second == "x.csv, line 3, column item_id: is 'z', which the items' file doesn't have"
    assert last == "x.csv: and 12 more"


def test_interactions_of_an_item_that_was_left_out_are_left_out_too(files: Files) -> None:
    items = "item_id,title,year\na,Alpha,1999\nb,Beta,MCM\n"

    data = files.read("user_id,item_id,rating\nu,a,4\nu,b,5\n", items, ReadOptions(is_skipping=True))

    assert [item.item_id for item in data.items] == ["a"]
    assert [shown(row) for row in data.interactions] == [("u", "a", 4.0)]


@pytest.mark.parametrize(
    ("interactions", "said"),
    [
        ("user_id,item_id\nu,z\n", "which the items' file doesn't have"),
        ("user,item\nu,a\n", "is missing in the header"),
        (b"user_id,item_id\nu,a\n\xff,a\n", "isn't UTF-8"),
    ],
    ids=["no row is left", "header", "encoding"],
)
def test_a_file_that_can_not_be_used_is_never_skipped(files: Files, interactions: str | bytes, said: str) -> None:
    assert said in files.refusal(interactions, options=ReadOptions(is_skipping=True))
