"""Times of a CSV column: three formats, from 1990 to next year, with the unit never guessed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ml_service.adapters.datasets.csv_cells import TimeColumn
from ml_service.adapters.datasets.csv_rows import UnusableCell

NEXT_YEAR = datetime.now(UTC).year + 1
MOMENT = datetime(2020, 5, 5, 14, 8, 48, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell", ["1588687728.5", "1588687728500", "1588687728500.0", "2020-05-05T14:08:48.5Z", "2020-05-05 16:08:48.500+02:00"]
)
def test_seconds_milliseconds_and_rfc_3339_give_the_same_time(cell: str) -> None:
    assert TimeColumn("timestamp").read(cell) == MOMENT


def test_seconds_with_9_and_10_digits_are_the_same_unit() -> None:
    column = TimeColumn("timestamp")

    assert [column.read(cell).year for cell in ("999999999", "1000000000", "881250949")] == [2001, 2001, 1997]


@pytest.mark.parametrize(
    "cell",
    [
        "20200505",
        "202005051408",
        "2020",
        "0",
        "-881250949",
        "1e300",
        "1e9",
        "1_588_687_728",
        "nan",
        "inf",
        "+1588687728",
        "١٥٨٨٦٨٧٧٢٨",
        "1588687728000000",
        "20200505T140848Z",
        "2020-W19-2T14:08:48Z",
        "2020-05-05",
        "2020-05-05T14:08:48",
        "2020-05-05x14:08:48Z",
        "2020-02-30T00:00:00Z",
        "soon",
    ],
)
def test_any_other_text_is_rejected(cell: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the row's reader names line, column and what is accepted
        TimeColumn("timestamp").read(cell)


def test_times_from_1990_to_the_end_of_next_year_are_accepted_and_no_others() -> None:
    first, last = datetime(1990, 1, 1, tzinfo=UTC), datetime(NEXT_YEAR, 12, 31, 23, 59, 59, tzinfo=UTC)
    beside = first - timedelta(seconds=1), last + timedelta(seconds=1)

    for moment in (first, last):
        assert TimeColumn("timestamp").read(moment.isoformat()) == moment
        assert TimeColumn("timestamp").read(f"{moment.timestamp():.0f}") == moment
    for moment in beside:
        for cell in (moment.isoformat(), f"{moment.timestamp():.0f}", f"{moment.timestamp() * 1000:.0f}"):
            with pytest.raises(ValueError):  # noqa: PT011  # the row's reader names line, column and what is accepted
                TimeColumn("timestamp").read(cell)


def test_the_year_is_that_in_utc() -> None:
    still_1989 = datetime(1990, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))

    with pytest.raises(ValueError):  # noqa: PT011  # the row's reader names line, column and what is accepted
        TimeColumn("timestamp").read(still_1989.isoformat())


@pytest.mark.parametrize(("first", "second"), [("881250949", "1588687728000"), ("1588687728000", "1588687728")])
def test_a_number_in_another_unit_than_the_column_is_rejected_and_both_are_named(first: str, second: str) -> None:
    column = TimeColumn("timestamp")
    column.read(first)

    with pytest.raises(UnusableCell, match=f"is '{second}'.*but '{first}' in a row before is .*use one unit") as refusal:
        column.read(second)

    assert refusal.value.column == "timestamp"
