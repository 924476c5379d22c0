"""An import over a store that has data: it changes nothing, unless it is told to add to the data or to replace it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import sample

from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.domain import Dataset, DataState, Item
from ml_service.errors import Internal, InvalidArgument
from ml_service.handlers.importing import import_dataset
from ml_service.ports.storage import Appended, ImportedItems, ImportedRows, ImportMode, PositionMoved

if TYPE_CHECKING:
    from ml_service.adapters.sql.store import SqlStore

#: Items with the ids of the sample's films, and one more.
BOOKS = tuple(Item(f"i{number}", f"Book {number}") for number in range(11))
TIMED = sample.interaction("reader", "i0")
OTHER = Dataset(BOOKS, (TIMED, sample.interaction("reader", "i10", when=None)))
OTHER_WITH_TIMES = Dataset(BOOKS, (TIMED,))
SAME = Dataset(sample.ITEMS, sample.INTERACTIONS)


def titles(store: SqlStore) -> list[str]:
    return sorted(item.title for item in store.load_catalogue())


def test_other_data_is_refused_with_the_numbers_of_both_sides_and_what_to_do(store: SqlStore) -> None:
    store.compare_and_set_live(None, "v1")

    with pytest.raises(InvalidArgument) as refusal:
        import_dataset(store, OTHER)

    assert refusal.value.reason == "IMPORT_INVALID"
    for said in (
        "The store has 10 items and 4 interactions; the live model version is v1.\n",
        "The files have 11 items (1 new, 10 changed) and 2 interactions (2 new).\n",
        "i0 ('Film 0' becomes 'Book 0'), i1 ('Film 1' becomes 'Book 1'), i2 ('Film 2' becomes 'Book 2') and 7 more",
        "--add keeps",
        "IMPORT=--add",
        "--replace removes",
        "IMPORT=--replace",
    ):
        assert said in refusal.value.detail


def test_a_refused_import_writes_nothing(store: SqlStore) -> None:
    before = titles(store), store.count_interactions(), store.read_data_state()

    with pytest.raises(InvalidArgument):
        import_dataset(store, OTHER)

    assert (titles(store), store.count_interactions(), store.read_data_state()) == before


@pytest.mark.parametrize(
    "data",
    [
        Dataset(sample.ITEMS, (sample.interaction("new", "i0"),)),
        Dataset((Item("new", "A new film"),), ()),
        Dataset((replace(sample.ITEMS[0], year=1900),), ()),
    ],
    ids=["an interaction", "an item", "a year"],
)
def test_a_single_change_is_refused_too(store: SqlStore, data: Dataset) -> None:
    with pytest.raises(InvalidArgument, match="The store has data already"):
        import_dataset(store, data)


def test_a_store_with_a_live_version_alone_is_no_empty_store(empty_store: SqlStore) -> None:
    empty_store.compare_and_set_live(None, "v1")

    with pytest.raises(InvalidArgument, match="the live model version is v1"):
        import_dataset(empty_store, SAME)


def test_data_that_the_store_has_is_imported_again_without_a_change(store: SqlStore) -> None:
    before = store.read_data_state()

    assert import_dataset(store, SAME).written == ImportedRows(given=4, new=0, left_out=0)
    assert store.read_data_state() == before


def test_a_part_of_the_store_s_data_changes_nothing_either(store: SqlStore) -> None:
    assert not import_dataset(store, Dataset(sample.ITEMS[:3], sample.INTERACTIONS[:1])).written.has_changes
    assert len(store.load_catalogue()) == len(sample.ITEMS)


def test_added_data_joins_the_store_s(store: SqlStore) -> None:
    store.compare_and_set_live(None, "v1")
    data = Dataset((Item("i0", "A new title"), Item("new", "New")), (sample.interaction("reader", "new"),))

    written = import_dataset(store, data, ImportMode.ADD).written

    assert (written.new, written.items.new, written.items.changed) == (1, 1, 1)
    assert [item.old_title for item in written.items.renamed] == ["Film 0"]
    assert (len(store.load_catalogue()), store.count_interactions()) == (len(sample.ITEMS) + 1, len(sample.INTERACTIONS) + 1)
    assert store.read_live() is not None


def test_a_replacement_leaves_only_the_files_data_and_no_live_version(store: SqlStore) -> None:
    store.compare_and_set_live(None, "v1")

    written = import_dataset(store, OTHER, ImportMode.REPLACE).written

    assert written == ImportedRows(given=2, new=2, left_out=0, items=ImportedItems(new=11))
    assert titles(store) == sorted(item.title for item in BOOKS)
    assert store.load_histories(recent=0).ratings == {"reader": {"i0": 5.0, "i10": 5.0}}
    assert store.read_live() is None


def test_a_replacement_that_fails_removes_nothing(store: SqlStore) -> None:
    store.compare_and_set_live(None, "v1")
    wrong = Dataset(BOOKS, (sample.interaction("reader", "no such book"),))

    with pytest.raises(Internal, match="break its constraints"):
        import_dataset(store, wrong, ImportMode.REPLACE)

    assert (titles(store)[0], store.count_interactions(), store.read_live() is None) == ("Film 0", len(sample.INTERACTIONS), False)


def test_each_import_that_changes_the_data_is_counted(empty_store: SqlStore) -> None:
    imports = [(ImportMode.INTO_EMPTY, SAME), (ImportMode.ADD, SAME), (ImportMode.ADD, OTHER_WITH_TIMES), (ImportMode.REPLACE, SAME)]
    counts = [empty_store.read_data_state().imports]
    for mode, data in imports:
        import_dataset(empty_store, data, mode)
        counts.append(empty_store.read_data_state().imports)

    assert counts == [0, 1, 1, 2, 3]


def test_a_replacement_keeps_the_erasures(store: SqlStore) -> None:
    SqlInteractionLog(store.engine).append([sample.erasure(0, "reader")], None)

    written = import_dataset(store, OTHER, ImportMode.REPLACE).written

    assert (written.new, written.left_out) == (0, 2)


def test_events_from_before_a_replacement_are_not_taken_into_the_new_data(store: SqlStore) -> None:
    """Also where the log is read again from its beginning, and for items whose ids the new data has."""
    log = SqlInteractionLog(store.engine)
    read, unread = (sample.logged(offset, sample.interaction("viewer", "i3")) for offset in (0, 1))
    log.append([read], None)

    import_dataset(store, OTHER, ImportMode.REPLACE)
    appended = log.append([unread], log.read_position())
    again = log.append([read, unread], log.read_position())

    assert [appended, again] == [Appended(interactions=0, rejected=1), Appended(interactions=0, rejected=1)]
    assert list(store.load_histories(recent=0).ratings) == ["reader"]


def test_events_after_a_replacement_count(store: SqlStore) -> None:
    import_dataset(store, OTHER, ImportMode.REPLACE)
    replaced_at = store.read_data_state().replaced_at
    assert replaced_at is not None

    entry = sample.logged(0, sample.interaction("reader", "i5", 3.0, replaced_at))
    appended = SqlInteractionLog(store.engine).append([entry], None)

    assert appended == Appended(interactions=1, rejected=0)


def test_a_projector_that_runs_goes_on_after_the_replacement_where_it_was(store: SqlStore) -> None:
    log = SqlInteractionLog(store.engine)
    before = sample.logged(7, sample.interaction("viewer", "i3"))
    log.append([before], None)

    import_dataset(store, OTHER, ImportMode.REPLACE)

    assert log.read_position() == before.position
    with pytest.raises(PositionMoved):
        log.append([sample.logged(0, sample.interaction("viewer", "i4"))], None)


def test_data_that_was_never_replaced_outdates_no_event() -> None:
    assert not DataState(imports=3).is_outdated(sample.INTERACTIONS[0])
