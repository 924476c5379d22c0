"""An import of any two files gives a valid data set or names the problems. `make fuzz` tries more files."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_service.adapters.datasets.csv_cells import TIME_YEAR_MIN
from ml_service.adapters.datasets.csv_import import read_csv
from ml_service.domain import RATING_MAX, RATING_MIN, Dataset, is_id
from ml_service.errors import InvalidArgument

INTERACTIONS = ["user_id", "item_id", "rating", "timestamp"]
ITEMS = ["item_id", "title", "year", "genres"]
ODD = [
    "",
    " ",
    "a",
    "b",
    "4.5",
    "nan",
    "inf",
    "1e400",
    "-1",
    "0x10",
    "9" * 40,
    "881250949",
    "1588687728000",
    "20200505",
    "1_0",
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05",
    '"',
    "\0",
    "\ufeff",
    "|",
    "=1+1",
]
cells = st.sampled_from(ODD) | st.text(max_size=10).filter(lambda text: text.isprintable())


def tables(columns: list[str]) -> st.SearchStrategy[bytes]:
    rows = st.lists(st.lists(cells, min_size=1, max_size=len(columns) + 1), max_size=5)
    headers = st.just(columns) | st.permutations(columns) | st.lists(cells, max_size=5)
    return st.builds(lambda header, body: as_csv([header, *body]), headers, rows) | st.binary(max_size=200)


def as_csv(rows: list[list[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def read(interactions: bytes, items: bytes) -> Dataset | InvalidArgument:
    with TemporaryDirectory() as folder:
        paths = Path(folder, "x.csv"), Path(folder, "y.csv")
        for path, content in zip(paths, (interactions, items), strict=True):
            path.write_bytes(content)
        try:
            data = read_csv(*paths)
            return Dataset(data.items, tuple(data.interactions))
        except InvalidArgument as error:
            return error


@settings(deadline=None)
@given(tables(INTERACTIONS), tables(ITEMS))
def test_any_two_files_give_a_valid_data_set_or_named_problems(interactions: bytes, items: bytes) -> None:
    outcome = read(interactions, items)

    if isinstance(outcome, InvalidArgument):
        assert outcome.reason == "IMPORT_INVALID"
        assert outcome.detail
    else:
        known = {item.item_id for item in outcome.items}
        assert all(is_id(row.user_id) and row.item_id in known for row in outcome.interactions)
        assert all(row.occurred_at is None or row.occurred_at.year >= TIME_YEAR_MIN for row in outcome.interactions)
        assert all(row.rating is None or RATING_MIN <= row.rating <= RATING_MAX for row in outcome.interactions)
