"""The queries of the SQL store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sample

from ml_service.adapters.sql.database import writing
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.domain import Item, LogPosition
from ml_service.errors import Internal
from ml_service.model.sizes import Sizes
from ml_service.ports.storage import ImportedRows, LiveVersion

if TYPE_CHECKING:
    from ml_service.adapters.sql.store import SqlStore


def test_the_catalogue_is_loaded_as_it_was_imported(store: SqlStore) -> None:
    assert sorted(store.load_catalogue(), key=lambda item: item.item_id) == list(sample.ITEMS)


def test_importing_the_same_twice_adds_nothing(store: SqlStore) -> None:
    added = store.import_data(sample.ITEMS, sample.INTERACTIONS)

    assert added == ImportedRows(given=4, new=0, left_out=0)
    assert store.count_interactions() == len(sample.INTERACTIONS)


def test_an_import_updates_a_known_item(store: SqlStore) -> None:
    store.import_data([Item("i0", "A new title", None, ())], [])

    assert Item("i0", "A new title", None, ()) in store.load_catalogue()


def test_an_import_that_fails_changes_nothing(store: SqlStore) -> None:
    with pytest.raises(Internal):
        store.import_data([Item("new", "New")], [sample.interaction("even", "new"), sample.interaction("even", "no such item")])

    assert store.count_interactions() == len(sample.INTERACTIONS)
    assert len(store.load_catalogue()) == len(sample.ITEMS)


def test_the_last_rating_of_a_pair_counts_and_keeps_its_position(store: SqlStore) -> None:
    store.import_data([], [sample.interaction("even", "i0", 0.5, sample.later(1))])

    ratings = store.load_ratings()

    assert ratings.id_pairs.tolist() == [["even", "i2"], ["odd", "i1"], ["late", "i9"], ["even", "i0"]]
    np.testing.assert_array_equal(ratings.ratings, [4.5, np.nan, 1.0, 0.5])
    assert store.load_histories(recent=0).ratings["even"] == {"i0": 0.5, "i2": 4.5}


def test_histories_are_loaded_with_the_log_position_and_the_last_ids(store: SqlStore) -> None:
    entry = sample.logged(7, sample.interaction("even", "i4"))
    SqlInteractionLog(store.engine).append([entry], after=None)

    histories = store.load_histories(recent=2)

    assert histories.position == LogPosition(7, entry.interaction.interaction_id)
    assert list(histories.recent_ids) == [sample.INTERACTIONS[-1].interaction_id, entry.interaction.interaction_id]
    assert list(histories.recent_ids.values()) == ["late", "even"]
    assert histories.ratings["even"] == {"i0": 5.0, "i2": 4.5, "i4": 5.0}


def test_the_histories_of_several_users_share_the_id_of_an_item(store: SqlStore) -> None:
    store.import_data([], [sample.interaction("other", "i0"), sample.interaction("third", "i0")])

    histories = store.load_histories(recent=0).ratings

    first, second = (next(iter(histories[user_id])) for user_id in ("other", "third"))
    assert first is second


def listed(store: SqlStore, user_id: str, limit: int) -> list[str]:
    """The items of all pages."""
    found: list[str] = []
    page = store.list_interactions(user_id, limit, after=None)
    while True:
        found += [entry.item_id for entry, _ in page.rows]
        if page.next_position is None:
            return found
        page = store.list_interactions(user_id, limit, after=page.next_position)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_interactions_are_listed_newest_first_page_by_page(empty_store: SqlStore, limit: int) -> None:
    days = {"i0": 3, "i1": None, "i2": 9, "i3": 3, "i4": None, "i5": 1}
    times = [None if day is None else sample.WHEN.replace(day=day) for day in days.values()]
    rows = [replace(sample.interaction("u", item), occurred_at=time) for item, time in zip(days, times, strict=True)]
    empty_store.import_data(sample.ITEMS, rows)

    assert listed(empty_store, "u", limit) == ["i2", "i3", "i0", "i5", "i4", "i1"]


def test_a_listed_interaction_contains_its_item(store: SqlStore) -> None:
    page = store.list_interactions("even", 1, after=None)

    assert page.rows == ((sample.INTERACTIONS[1], sample.ITEMS[2]),)


def test_of_two_promotions_over_the_same_live_version_one_wins(store: SqlStore) -> None:
    assert store.read_live() is None
    assert store.compare_and_set_live(None, "a")
    assert not store.compare_and_set_live(None, "b")

    seen = store.read_live()

    assert seen == LiveVersion("a", 1)
    assert store.compare_and_set_live(seen, "c")
    assert not store.compare_and_set_live(seen, "d")
    assert store.read_live() == LiveVersion("c", 2)


def test_a_writer_does_not_block_a_reader(store: SqlStore) -> None:
    with writing(store.engine):
        assert store.count_interactions() == len(sample.INTERACTIONS)


def test_the_sizes_count_users_and_items_that_have_interactions(store: SqlStore) -> None:
    assert store.count_sizes() == Sizes(users=3, items=4, interactions=4)
