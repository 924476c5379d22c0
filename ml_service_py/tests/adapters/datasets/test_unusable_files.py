"""Files that aren't rows of text, or have none: the import says what they are, and what to do."""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from ml_service.adapters.datasets.csv_import import ReadOptions, read_csv
from ml_service.adapters.datasets.file_form import FileForm
from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from pathlib import Path

ROWS = "user_id,item_id,rating\nu,a,4\n"
ITEMS = "item_id,title\na,Alpha\n"


def zipped() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    return archive.getvalue()


def read(folder: Path, interactions: str | bytes, items: str = ITEMS, options: ReadOptions | None = None) -> list[str]:
    """Return the users of the rows that an import reads."""
    (folder / "x.csv").write_bytes(interactions if isinstance(interactions, bytes) else interactions.encode())
    (folder / "y.csv").write_text(items)
    return [row.user_id for row in read_csv(folder / "x.csv", folder / "y.csv", options).interactions]


def refusal(folder: Path, interactions: str | bytes, items: str = ITEMS, options: ReadOptions | None = None) -> str:
    with pytest.raises(InvalidArgument) as error:
        read(folder, interactions, items, options)
    return error.value.detail


def test_blank_lines_before_the_header_are_ignored(tmp_path: Path) -> None:
    assert read(tmp_path, f"\n\r\n{ROWS}") == ["u"]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize(
    ("content", "said", "advice"),
    [
        (gzip.compress(ROWS.encode()), "x.csv: is a gzip file", "Unpack it"),
        (zipped(), "x.csv: is a zip archive or a spreadsheet (.xlsx)", "save the spreadsheet as CSV in UTF-8"),
        (codecs.BOM_UTF16_LE + ROWS.encode("utf-16-le"), "x.csv: is text in UTF-16", "Convert it to UTF-8"),
        (codecs.BOM_UTF16_BE + ROWS.encode("utf-16-be"), "x.csv: is text in UTF-16", "Convert it to UTF-8"),
        (ROWS.encode("utf-16-le"), "x.csv: is text in UTF-16", "Convert it to UTF-8"),
    ],
    ids=["gzip", "xlsx", "utf-16-le", "utf-16-be", "utf-16 without a mark"],
)
def test_a_file_of_another_kind_is_named_in_any_encoding(tmp_path: Path, content: bytes, said: str, advice: str, encoding: str) -> None:
    detail = refusal(tmp_path, content, options=ReadOptions(FileForm(encoding=encoding)))

    assert said in detail
    assert advice in detail
    assert "--encoding" not in detail


def test_a_file_that_is_missing_is_named_with_its_whole_path(tmp_path: Path) -> None:
    data = read_csv(tmp_path / "x.csv", tmp_path / "y.csv")

    with pytest.raises(InvalidArgument) as error:
        list(data.interactions)

    assert "y.csv: can't be read: No such file or directory\nx.csv: can't be read" in error.value.detail
    assert f"Check that {tmp_path / 'x.csv'} is a file that you may read." in error.value.detail


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('user_id,item_id\nu,"a\nu,a\n', "x.csv, line 2: a quote isn't closed: the cell that it begins goes on to the file's end"),
        ('user_id,item_id\nu,"' + "a,b\n" * 50_000, "x.csv, line 2: a cell is longer than 131072 characters"),
        (ROWS.replace("\n", "\r"), "x.csv, line 1: lines end in CR alone"),
    ],
    ids=["open quote", "long cell", "CR"],
)
def test_a_row_that_is_no_csv_is_explained_in_words_for_its_reader(tmp_path: Path, content: str, said: str) -> None:
    detail = refusal(tmp_path, content)

    assert said in detail
    assert ("--quotes" in detail) != ("CR alone" in detail)


def test_items_without_rows_are_rejected_as_they_would_replace_all_items_by_none(tmp_path: Path) -> None:
    assert refusal(tmp_path, ROWS, "item_id,title\n") == "y.csv: has no items\n\nName a file with a row for each item."


def test_interactions_without_rows_are_rejected_as_they_would_replace_all_interactions_by_none(tmp_path: Path) -> None:
    detail = refusal(tmp_path, "user_id,item_id\n")

    assert detail.startswith("x.csv: has no interactions to import\n\n")


def test_an_import_of_which_all_rows_have_too_few_plays_is_rejected(tmp_path: Path) -> None:
    detail = refusal(tmp_path, "user_id,item_id,plays\nu,a,1\n", options=ReadOptions(plays_min=2))

    assert "leave out fewer plays by --plays-min" in detail


def test_an_import_that_is_to_skip_rows_says_that_no_row_is_left(tmp_path: Path) -> None:
    detail = refusal(tmp_path, "user_id,item_id\nu,z\n", options=ReadOptions(is_skipping=True))

    assert "No row of x.csv can be used, so --skip-unusable-rows would leave out the whole file." in detail


def test_a_decimal_comma_is_rejected_with_the_form_to_write(tmp_path: Path) -> None:
    assert "Write decimals with a point, such as 4.5." in refusal(tmp_path, 'user_id,item_id,rating\nu,a,"4,5"\n')
