"""Model versions: one is live, by the store's row, and the process follows it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import damage
import pytest
import sample
from fsspec.implementations.local import LocalFileSystem

from ml_service.errors import NotFound, Unavailable
from ml_service.handlers.live_state import Catalogue
from ml_service.handlers.models import Models

if TYPE_CHECKING:
    from pathlib import Path

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.handlers.live_state import LiveState


@pytest.fixture
def live(store: SqlStore) -> LiveState:
    return sample.live_state(store)


@pytest.fixture
def announced() -> list[str]:
    return []


@pytest.fixture
def models(live: LiveState, store: SqlStore, registry: FileRegistry, announced: list[str]) -> Models:
    return Models(live, store, registry, announced.append)


def live_version(live: LiveState) -> str:
    return live.model.version.version


async def test_no_version_is_live_without_a_row_in_the_store(models: Models, registry: FileRegistry) -> None:
    sample.save_model(registry)

    assert not await models.follow()
    with pytest.raises(Unavailable):
        await models.get("")


async def test_the_process_loads_the_version_that_the_store_names(
    models: Models, live: LiveState, store: SqlStore, registry: FileRegistry
) -> None:
    version = sample.save_model(registry).version
    store.compare_and_set_live(None, version)

    assert await models.follow()
    assert live_version(live) == version
    assert not await models.follow()
    assert (await models.get("")).live


async def test_a_promoted_version_is_live_here_in_the_store_and_announced(
    models: Models, live: LiveState, store: SqlStore, registry: FileRegistry, announced: list[str]
) -> None:
    old, new = (sample.save_model(registry, items).version for items in (8, 10))

    for version in (old, new, old, old):
        assert (await models.promote(version)).live

    row = store.read_live()
    assert row is not None
    assert (row.version, row.revision) == (old, 3)
    assert live_version(live) == old
    assert announced == [old, new, old]


async def test_an_unknown_version_is_not_promoted(models: Models, store: SqlStore) -> None:
    with pytest.raises(NotFound):
        await models.promote("20240101T000000Z-00000000")

    assert store.read_live() is None


@pytest.fixture(params=damage.BODIES)
def bad(request: pytest.FixtureRequest, registry: FileRegistry, tmp_path: Path) -> str:
    """A version whose arrays are none."""
    version = sample.save_model(registry).version
    damage.rewrite(tmp_path / "registry" / "models" / version, damage.BODIES[request.param][0])
    return version


async def test_a_version_that_cannot_be_loaded_leaves_the_old_one_live(
    models: Models, live: LiveState, store: SqlStore, registry: FileRegistry, bad: str
) -> None:
    good = sample.save_model(registry).version
    await models.promote(good)

    with pytest.raises(Unavailable) as caught:
        await models.promote(bad)

    row = store.read_live()
    assert caught.value.reason == "MODEL_VERSION_UNUSABLE"
    assert row is not None
    assert row.version == good == live_version(live)


async def test_a_damaged_version_in_the_row_leaves_the_old_one_answering(
    models: Models, live: LiveState, store: SqlStore, registry: FileRegistry, bad: str
) -> None:
    good = sample.save_model(registry).version
    await models.promote(good)
    store.compare_and_set_live(store.read_live(), bad)

    with pytest.raises(Unavailable, match="can't be used"):
        await models.follow()

    assert live_version(live) == good


async def test_a_live_version_that_the_registry_lost_is_reported_with_one_sentence(
    models: Models, store: SqlStore, registry: FileRegistry
) -> None:
    store.compare_and_set_live(None, "20200101T000000Z-00000000")

    with pytest.raises(Unavailable) as caught:
        await models.follow()

    assert (caught.value.reason, caught.value.retryable) == ("MODEL_VERSION_UNUSABLE", False)
    assert caught.value.detail == (
        "The SQL store says that model version 20200101T000000Z-00000000 is live, and the registry doesn't hold it: "
        "one of them was restored alone. Train, or promote another version."
    )


async def test_a_version_with_newer_items_reloads_the_catalogue(models: Models, live: LiveState, registry: FileRegistry) -> None:
    live.replace_catalogue(Catalogue(sample.ITEMS[:4]))

    await models.promote(sample.save_model(registry).version)

    assert list(live.items) == [item.item_id for item in sample.ITEMS]


async def test_a_version_of_another_catalogue_is_unusable(models: Models, registry: FileRegistry) -> None:
    with pytest.raises(Unavailable, match="items that the catalogue lacks") as caught:
        await models.promote(sample.save_model(registry, items=11).version)

    assert caught.value.reason == "MODEL_VERSION_UNUSABLE"


async def test_a_manifest_that_cannot_be_used_is_left_out_of_the_list(models: Models, registry: FileRegistry, tmp_path: Path) -> None:
    good, bad = (sample.save_model(registry, items).version for items in (8, 10))
    damage.rewrite(tmp_path / "registry" / "models" / bad, metrics={"ndcg_at_10": "high"})

    assert [version.version for version in (await models.list(10, "")).rows] == [good]


async def test_versions_are_not_listed_while_the_registry_can_not_be_read(
    models: Models, registry: FileRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample.save_model(registry)

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(LocalFileSystem, "cat_file", fail)

    with pytest.raises(Unavailable) as caught:
        await models.list(10, "")

    assert caught.value.reason == "REGISTRY_UNAVAILABLE"


async def test_versions_are_listed_newest_first_and_the_live_one_marked(models: Models, registry: FileRegistry, tmp_path: Path) -> None:
    versions = sorted((sample.save_model(registry, items).version for items in (4, 6, 8, 10)), reverse=True)
    await models.promote(versions[2])
    (tmp_path / "registry" / "models" / versions[1] / "manifest.json").write_text("{")

    first = await models.list(2, "")
    second = await models.list(2, first.next_page_token)

    assert [(row.version, row.live) for row in first.rows] == [(versions[0], False)]
    assert [(row.version, row.live) for row in second.rows] == [(versions[2], True), (versions[3], False)]
    assert second.next_page_token == ""
