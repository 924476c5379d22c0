"""An import of two CSV files gives a data set, or a list of problems with file, line and column."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ml_service.adapters.datasets.csv_import import read_csv
from ml_service.domain import Dataset, Item
from ml_service.errors import InvalidArgument

ITEMS = "item_id,title,year,genres\na,Alpha,1999,Drama|War\nb,Beta,,\n"
Read = Callable[..., Dataset]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def write_and_read(interactions: str | bytes, items: str | bytes = ITEMS) -> Dataset:
        for name, content in (("x.csv", interactions), ("y.csv", items)):
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        data = read_csv(tmp_path / "x.csv", tmp_path / "y.csv")
        return Dataset(data.items, tuple(data.interactions))

    return write_and_read


@pytest.fixture
def problems(read: Read) -> Callable[..., list[str]]:
    def read_problems(interactions: str | bytes, items: str | bytes = ITEMS) -> list[str]:
        with pytest.raises(InvalidArgument) as refusal:
            read(interactions, items)
        assert refusal.value.reason == "IMPORT_INVALID"
        return refusal.value.detail.partition("\n\n")[0].split("\n")

    return read_problems


def test_columns_may_be_in_any_order_and_ids_may_be_any_text(read: Read) -> None:
    data = read("rating,timestamp,item_id,user_id\n4.5,881250949,a,José 1\n,2026-01-02T03:04:05+01:00,b,u/2\n2,,a,u/2\n")

    assert data.items == (Item("a", "Alpha", 1999, ("Drama", "War")), Item("b", "Beta"))
    assert [(row.user_id, row.item_id, row.rating) for row in data.interactions] == [
        ("José 1", "a", 4.5),
        ("u/2", "b", None),
        ("u/2", "a", 2),
    ]
    assert [row.occurred_at for row in data.interactions] == [
        datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC),
        datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC),
        None,
    ]


def test_rating_and_timestamp_are_optional(read: Read) -> None:
    (row,) = read("user_id,item_id\nu,a\n", "item_id,title\na,Alpha\n").interactions

    assert (row.rating, row.occurred_at) == (None, None)


def test_a_byte_order_mark_quotes_blank_lines_and_windows_line_ends_are_accepted(read: Read) -> None:
    items = '\ufeffitem_id,title\r\n\r\na,"Alpha, ""the\r\nfirst"""\r\n'

    assert read("user_id,item_id\r\nu,a\r\n", items).items == (Item("a", 'Alpha, "the\r\nfirst"'),)


@pytest.mark.parametrize("label", ["(no genres listed)", "None", "N/A", "unknown", "NaN", "-", "\\N"])
def test_a_label_for_no_genre_is_left_out(read: Read, label: str) -> None:
    items = f"item_id,title,genres\na,Alpha,{label}\nb,Beta,Drama|{label}| Drama |War\n"

    assert [item.genres for item in read("user_id,item_id\nu,a\n", items).items] == [(), ("Drama", "War")]


def test_interaction_ids_are_stable_and_a_repeated_rating_gets_another_id(read: Read) -> None:
    rows = "user_id,item_id,rating\nu,a,5\nu,a,1\nu,a,5\n"

    first, again = read(rows), read(rows)

    assert first == again
    assert len({row.interaction_id for row in first.interactions}) == 3


@pytest.mark.parametrize(
    ("interactions", "expected"),
    [
        ("user_id,item_id\nu,z\n", "x.csv, line 2, column item_id: is 'z', which the items' file doesn't have"),
        ("user_id,item_id\n ,a\n", "x.csv, line 2, column user_id: is empty"),
        (f"user_id,item_id\n{'u' * 201},a\n", "x.csv, line 2, column user_id: can't be an id"),
        ("user_id,item_id,rating\nu,a,good\n", "x.csv, line 2, column rating: is 'good', not a number from 0.5 to 5"),
        ("user_id,item_id,rating\nu,a,5.5\n", "x.csv, line 2, column rating: is '5.5', not a number from 0.5 to 5"),
        ("user_id,item_id,rating\nu,a,nan\n", "x.csv, line 2, column rating: is 'nan', not a number from 0.5 to 5"),
        ("user_id,item_id,rating\nu,a,0_5\n", "x.csv, line 2, column rating: is '0_5', not a number from 0.5 to 5"),
        ("user_id,item_id,rating\nu,a,\u0664\n", "line 2, column rating: is '\u0664', not a number from 0.5 to 5"),
        ("user_id,item_id,timestamp\nu,a,soon\n", "x.csv, line 2, column timestamp: is 'soon', not a time from 1990 to"),
        ("user_id,item_id,timestamp\nu,a,881250949\nu,b,20200505\n", "x.csv, line 3, column timestamp: is '20200505', not a time from"),
        (
            "user_id,item_id,timestamp\nu,a,881250949\nu,b,1588687728000\n",
            "x.csv, line 3, column timestamp: is '1588687728000', milliseconds by its 13 digits",
        ),
        ("user_id,item_id,timestamp\nu,a,2026-01-02T03:04:05\n", "line 2, column timestamp: is '2026-01-02T03:04:05'"),
        ("user_id,item_id,timestamp\nu,a,1e300\n", "line 2, column timestamp: is '1e300'"),
        ("user_id,item_id,timestamp\nu,a,nan\n", "line 2, column timestamp: is 'nan'"),
        ("user_id,item_id,rating\nu,a\n", "x.csv, line 2, column rating: is missing: the row has 2 of 3 cells"),
        ("user_id,item_id\nu,a,5\n", "x.csv, line 2, column 3: is beyond the 2 columns"),
        ("user_id,item_id\nu\0,a\n", "x.csv, line 2, column user_id: holds a NUL character"),
        ("user_id,rating\nu,5\n", "x.csv, line 1, column item_id: is missing in the header"),
        ("user_id,item_id,stars\nu,a,5\n", "x.csv, line 1, column stars: is unknown; the columns are user_id, item_id, rating, timestamp"),
        ("user_id,item_id,user_id\nu,a,u\n", "x.csv, line 1, column user_id: comes twice in the header"),
        ("", "x.csv, line 1, column user_id: is missing in the header"),
        (b"user_id,item_id\nu,a\nJos\xe9,a\n", "x.csv, line 3: isn't UTF-8: byte 4 of the line is 0xe9"),
        ('user_id,item_id\nu,a\n"u,a\n', "x.csv, line 3: a quote isn't closed"),
    ],
)
def test_a_problem_names_file_line_and_column(problems: Callable[..., list[str]], interactions: str | bytes, expected: str) -> None:
    assert expected in problems(interactions)[0]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("item_id,title\na,Alpha\na,Again\n", "y.csv, line 3, column item_id: is 'a', which an earlier row has"),
        ("item_id,title\na,\n", "y.csv, line 2, column title: is empty"),
        ("item_id,title,year\na,Alpha,MCM\n", "y.csv, line 2, column year: is 'MCM', not a whole number up to 9999"),
        ("item_id,title,year\na,Alpha,1_0\n", "y.csv, line 2, column year: is '1_0', not a whole number up to 9999"),
        ("item_id,title,year\na,Alpha,\u0661\n", "y.csv, line 2, column year: is '\u0661', not a whole number up to 9999"),
    ],
)
def test_a_problem_in_the_items_is_not_reported_again_as_an_unknown_item(
    problems: Callable[..., list[str]], items: str, expected: str
) -> None:
    assert problems("user_id,item_id\nu,a\n", items) == [expected]


def test_a_problem_names_the_line_of_the_file_and_not_the_record(problems: Callable[..., list[str]]) -> None:
    items = 'item_id,title,year\na,"two\nlines",\n\nb,Beta,x\n'

    assert problems("user_id,item_id\nu,a\n", items) == ["y.csv, line 5, column year: is 'x', not a whole number up to 9999"]


def test_the_first_twenty_problems_of_each_file_are_shown_and_the_others_counted(problems: Callable[..., list[str]]) -> None:
    items = "item_id,title,year\n" + "".join(f"i{number},Alpha,x\n" for number in range(25))
    interactions = "user_id,item_id,rating\n" + "u,i1,9\n" * 30

    found = problems(interactions, items)

    assert (found[0].partition(":")[0], found[19].partition(":")[0]) == ("y.csv, line 2, column year", "y.csv, line 21, column year")
    assert found[20] == "y.csv: and 5 more"
    assert (found[21].partition(",")[0], found[40].partition(":")[0]) == ("x.csv", "x.csv, line 21, column rating")
    assert found[41:] == ["x.csv: and 10 more"]


def test_both_missing_files_are_named(tmp_path: Path) -> None:
    data = read_csv(tmp_path / "x.csv", tmp_path / "y.csv")

    with pytest.raises(InvalidArgument, match=r"(?s)y\.csv: can't be read: No such file.*x\.csv: can't be read"):
        list(data.interactions)
