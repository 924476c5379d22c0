"""A model version is stale if it was trained before the last import, and a recommender serves no mixture of old and new data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sample
from structlog.testing import capture_logs

from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.domain import Dataset, DataState, Item, LogPosition
from ml_service.errors import InvalidArgument, Unavailable
from ml_service.handlers.importing import import_dataset
from ml_service.handlers.models import Models
from ml_service.handlers.training import CommandVersionReservation, TrainParams, train
from ml_service.ports.storage import ImportMode, StoredHistories

if TYPE_CHECKING:
    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.domain import Progress
    from ml_service.handlers.live_state import LiveState

POPULARITY = TrainParams(("popularity",), folds=2)
ROWS = [sample.interaction(f"u{user}", f"i{item}") for user in range(20) for item in range(user % 2, 10, 2)]
NEW_ITEM = Dataset((Item("new", "A new film"),), ())
OTHER = Dataset(tuple(Item(f"i{number}", f"Book {number}") for number in range(10)), tuple(ROWS))


@pytest.fixture
def planted(empty_store: SqlStore) -> SqlStore:
    empty_store.import_data(sample.ITEMS, ROWS)
    return empty_store


@pytest.fixture
def live(planted: SqlStore) -> LiveState:
    return sample.live_state(planted)


@pytest.fixture
def models(live: LiveState, planted: SqlStore, registry: FileRegistry) -> Models:
    return Models(live, planted, registry, lambda _version: None)


def ignore(_progress: Progress) -> None:
    pass


def train_version(store: SqlStore, registry: FileRegistry) -> str:
    return train(store, registry, CommandVersionReservation(store), POPULARITY, ignore).model_version


async def test_a_version_is_stale_after_an_import_until_another_one_is_trained(
    models: Models, planted: SqlStore, registry: FileRegistry
) -> None:
    first = train_version(planted, registry)
    await models.follow()
    fresh = (await models.get("")).stale
    import_dataset(planted, NEW_ITEM, ImportMode.ADD)
    await models.follow()
    after_import = (await models.get("")).stale
    train_version(planted, registry)
    await models.follow()

    assert (fresh, after_import) == (False, True)
    assert not (await models.get("")).stale
    assert (await models.get(first)).stale


async def test_live_ratings_and_an_import_without_changes_make_no_version_stale(
    models: Models, planted: SqlStore, registry: FileRegistry
) -> None:
    train_version(planted, registry)
    SqlInteractionLog(planted.engine).append([sample.logged(0, sample.interaction("u1", "i2"))], None)
    import_dataset(planted, Dataset(sample.ITEMS, tuple(ROWS)))
    await models.follow()

    assert not (await models.get("")).stale


async def test_the_items_that_the_live_version_does_not_know_are_counted(planted: SqlStore, registry: FileRegistry) -> None:
    older, live_version = train_version(planted, registry), train_version(planted, registry)
    import_dataset(planted, NEW_ITEM, ImportMode.ADD)
    models = Models(sample.live_state(planted), planted, registry, lambda _version: None)
    await models.follow()

    counts = {version.version: version.unknown_items for version in (await models.list(10, "")).rows}

    assert counts == {live_version: 1, older: None}


async def test_a_stale_version_is_logged_once_for_each_import(models: Models, planted: SqlStore, registry: FileRegistry) -> None:
    version = train_version(planted, registry)
    import_dataset(planted, NEW_ITEM, ImportMode.ADD)

    with capture_logs() as logs:
        await models.follow()
        await models.follow()

    warnings = [row for row in logs if row["log_level"] == "warning"]
    assert [(row["event"], row["version"]) for row in warnings] == [("live model version is stale: train a new one", version)]


async def test_a_running_recommender_keeps_its_data_and_loads_no_version_of_other_data(
    models: Models, live: LiveState, planted: SqlStore, registry: FileRegistry
) -> None:
    old = train_version(planted, registry)
    await models.follow()
    import_dataset(planted, OTHER, ImportMode.REPLACE)
    new = train_version(planted, registry)

    with pytest.raises(Unavailable, match="An import replaced the data after this recommender started"):
        await models.follow()
    for version in (old, new):
        with pytest.raises(Unavailable, match="Start it again"):
            await models.promote(version)

    assert (live.model.version.version, live.items["i0"].title) == (old, "Film 0")
    assert (await models.get("")).stale
    live_row = planted.read_live()
    assert live_row is not None
    assert live_row.version == new


async def test_a_recommender_that_starts_after_the_replacement_loads_the_new_version(planted: SqlStore, registry: FileRegistry) -> None:
    import_dataset(planted, OTHER, ImportMode.REPLACE)
    version = train_version(planted, registry)
    live = sample.live_state(planted)

    await Models(live, planted, registry, lambda _version: None).follow()

    assert (live.model.version.version, live.items["i0"].title) == (version, "Book 0")


async def test_a_log_that_starts_over_brings_no_other_data_into_a_running_recommender(live: LiveState, planted: SqlStore) -> None:
    import_dataset(planted, OTHER, ImportMode.REPLACE)

    with pytest.raises(Unavailable, match="An import replaced the data"):
        await live.rebuild(planted.load_histories(recent=0))

    assert live.items["i0"].title == "Film 0"


async def test_events_from_before_the_replacement_are_skipped_by_a_recommender_too(planted: SqlStore) -> None:
    import_dataset(planted, OTHER, ImportMode.REPLACE)
    live = sample.live_state(planted)

    counted = await live.apply([sample.logged(0, sample.interaction("viewer", "i3"))])

    assert (counted, dict(live.history("viewer")), live.position is None) == (0, {}, False)


def test_a_training_that_a_replacement_overtakes_fails_and_promotes_nothing(planted: SqlStore, registry: FileRegistry) -> None:
    replacements = iter([OTHER])

    def replace_once(_progress: Progress) -> None:
        for data in replacements:
            import_dataset(planted, data, ImportMode.REPLACE)

    with pytest.raises(InvalidArgument, match="An import changed the data while this training ran"):
        train(planted, registry, CommandVersionReservation(planted), POPULARITY, replace_once)

    assert planted.read_live() is None


def test_the_next_attempt_at_a_training_takes_no_version_of_former_data(planted: SqlStore, registry: FileRegistry) -> None:
    class Reserved(CommandVersionReservation):
        def name_version(self, new_name: str) -> str:
            return written

    written = train_version(planted, registry)
    import_dataset(planted, OTHER, ImportMode.REPLACE)

    with pytest.raises(InvalidArgument, match="Start another one"):
        train(planted, registry, Reserved(planted), POPULARITY, ignore)

    assert planted.read_live() is None


def test_histories_without_a_state_are_those_of_data_that_was_never_imported() -> None:
    assert StoredHistories({}, {}, LogPosition(0, "m"), {}).data == DataState(imports=0, replaced_at=None)
