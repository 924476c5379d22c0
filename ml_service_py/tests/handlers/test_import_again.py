"""A file that is imported again, as exports are: it grew, or has another order, or somebody rated meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sample

from ml_service.adapters.datasets.csv_import import read_csv
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.errors import InvalidArgument
from ml_service.handlers.importing import import_dataset
from ml_service.ports.storage import ImportMode

if TYPE_CHECKING:
    from pathlib import Path

    from ml_service.adapters.sql.store import SqlStore

OLD = ("ada,b1,5,2020-01-01T00:00:00Z", "ada,b2,3,2020-01-02T00:00:00Z", "bob,b1,4,1588687728")
NEW = "eve,b2,2,2024-03-01T00:00:00Z"
LIVE = sample.interaction("ada", "b1", 1.0)


class Importer:
    """Imports files of these lines, and tells what then counts."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        self._store = store
        self._interactions, self._items = folder / "interactions.csv", folder / "items.csv"
        self._items.write_text("item_id,title\nb1,One\nb2,Two\n", "utf-8")

    def run(self, *lines: str, header: str = "user_id,item_id,rating,timestamp") -> int:
        """Return how many interactions were new."""
        self._interactions.write_text("\n".join([header, *lines]) + "\n", "utf-8")
        return import_dataset(self._store, read_csv(self._interactions, self._items), ImportMode.ADD).written.new

    def rate_live(self) -> None:
        SqlInteractionLog(self._store.engine).append([sample.logged(0, LIVE)], None)

    def history(self, user_id: str) -> dict[str, float | None]:
        """The ratings that count, in answers and in training alike."""
        history = dict(self._store.load_histories(recent=0).ratings[user_id])
        ratings = self._store.load_ratings()
        rows = zip(ratings.id_pairs.tolist(), ratings.ratings.tolist(), strict=True)
        assert {item_id: rating for (owner, item_id), rating in rows if owner == user_id} == history
        return history

    def listed(self, user_id: str) -> list[float | None]:
        """The ratings of the history page, newest first."""
        return [interaction.rating for interaction, _ in self._store.list_interactions(user_id, 100, None).rows]


@pytest.fixture
def importer(empty_store: SqlStore, tmp_path: Path) -> Importer:
    return Importer(empty_store, tmp_path)


@pytest.mark.parametrize("again", [(NEW, *OLD), (*OLD, NEW), (OLD[2], NEW, OLD[0], OLD[1]), (NEW, *reversed(OLD))])
def test_a_second_import_adds_only_the_new_rows(importer: Importer, again: tuple[str, ...]) -> None:
    importer.run(*OLD)

    assert importer.run(*again) == 1
    assert (importer.listed("ada"), importer.listed("eve")) == ([3.0, 5.0], [2.0])


@pytest.mark.parametrize("again", [(NEW, *OLD), (*OLD, NEW)])
def test_a_rating_made_live_between_two_imports_still_counts(importer: Importer, again: tuple[str, ...]) -> None:
    importer.run(*OLD)
    importer.rate_live()

    assert importer.run(*again) == 1
    assert importer.history("ada") == {"b1": 1.0, "b2": 3.0}
    assert importer.listed("ada") == [1.0, 3.0, 5.0]


def test_rows_in_reverse_order_count_by_their_times(importer: Importer) -> None:
    importer.run("ada,b1,1,2026-01-01T00:00:00Z", "ada,b1,5,2010-01-01T00:00:00Z")

    assert importer.history("ada") == {"b1": 1.0}
    assert importer.listed("ada") == [1.0, 5.0]


def test_an_imported_rating_with_a_later_time_replaces_a_live_one(importer: Importer) -> None:
    importer.run(*OLD)
    importer.rate_live()

    importer.run("ada,b1,4,2025-01-01T00:00:00Z")

    assert importer.history("ada") == {"b1": 4.0, "b2": 3.0}


def test_equal_times_in_different_formats_are_the_same_interaction(importer: Importer) -> None:
    importer.run("ada,b1,5,2020-05-05T14:08:48Z")

    assert importer.run("ada,b1,5,1588687728") == 0
    assert importer.run("ada,b1,5,1588687728000") == 0
    assert importer.run("ada,b1,5,2020-05-05T16:08:48+02:00") == 0


def test_a_file_without_times_can_be_imported_again_after_a_live_rating(importer: Importer) -> None:
    lines, header = ("ada,b1,5", "ada,b1,4", "ada,b2,3"), "user_id,item_id,rating"
    importer.run(*lines, header=header)
    importer.rate_live()

    assert importer.run(*lines, header=header) == 0
    assert importer.history("ada") == {"b1": 1.0, "b2": 3.0}


@pytest.mark.parametrize("again", [("eve,b2,2", "ada,b1,5"), ("ada,b1,5", "eve,b2,2"), ("ada,b1,4",)])
def test_another_file_without_times_is_rejected_and_changes_nothing(importer: Importer, again: tuple[str, ...]) -> None:
    header = "user_id,item_id,rating"
    importer.run("ada,b1,5", header=header)

    with pytest.raises(InvalidArgument, match=r"no timestamp.*the store has interactions.*Add a timestamp to each row"):
        importer.run(*again, header=header)

    assert importer.history("ada") == {"b1": 5.0}
