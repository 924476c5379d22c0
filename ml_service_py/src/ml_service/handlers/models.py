"""The model versions: list them, make one live, and load the version that another process made live."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from ml_service.errors import NotFound, ServiceError, Unavailable
from ml_service.handlers.live_state import Catalogue, LoadedModel
from ml_service.handlers.paging import Page, page_token, read_page_token, require_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ml_service.domain import ModelVersion
    from ml_service.handlers.live_state import LiveState
    from ml_service.ports.storage import Registry, Store

log = structlog.get_logger()

QUESTION = ("models",)


class Models:
    """The store's row decides which version is live. The live state follows it."""

    def __init__(self, live: LiveState, store: Store, registry: Registry, announce: Callable[[str], None]) -> None:
        """`announce` hints to the other replicas that a version went live. They also poll the store."""
        self._live = live
        self._store = store
        self._registry = registry
        self._announce = announce
        self._following = asyncio.Lock()
        #: The version and the number of imports of the last log row about a stale version.
        self._logged_stale: tuple[str, int] | None = None

    async def get(self, version: str) -> ModelVersion:
        """Return the version, or the live one for an empty name."""
        if not version:
            return self._mark(self._live.model.version)
        return self._mark(await asyncio.to_thread(self._registry.describe, version))

    async def read_manifest(self, version: str) -> dict[str, Any]:
        return await asyncio.to_thread(self._registry.export_manifest, version)

    async def list(self, page_size: int, token: str) -> Page[ModelVersion]:
        """Return a page, newest first."""
        require_size("page_size", page_size)
        before = read_page_token(QUESTION, token) if token else None
        return await asyncio.to_thread(self._list, page_size, before)

    async def promote(self, version: str) -> ModelVersion:
        """Make the version live here and, by the store's row, everywhere. One that can't be loaded doesn't go live."""
        async with self._following:
            self._live.require_same_data(await asyncio.to_thread(self._store.read_data_state))
            model = self._live.loaded
            if model is None or model.version.version != version:
                model = await self._load(version)
            has_changed = await asyncio.to_thread(self._set_live, version)
            self._live.swap(model)
        if has_changed:
            await asyncio.to_thread(self._announce, version)
        return self._mark(model.version)

    async def follow(self) -> bool:
        """Load the version that the store's row names, unless it is loaded already. Return whether the live version changed.

        Log a version that is stale, once for each version and import.
        """
        async with self._following:
            data, row = await asyncio.to_thread(lambda: (self._store.read_data_state(), self._store.read_live()))
            self._live.imports = data.imports
            self._live.require_same_data(data)
            loaded = self._live.loaded
            has_changed = row is not None and (loaded is None or loaded.version.version != row.version)
            if row is not None and has_changed:
                with live_version_errors(row.version):
                    self._live.swap(await self._load(row.version))
            self._log_stale()
            return has_changed

    def _log_stale(self) -> None:
        loaded = self._live.loaded
        if loaded is None or not self._live.is_stale(loaded.version):
            return
        version, unknown_items = loaded.version.version, self._live.count_unknown_items()
        if self._logged_stale != (version, self._live.imports):
            log.warning("live model version is stale: train a new one", version=version, unknown_items=unknown_items)
        self._logged_stale = version, self._live.imports

    async def _load(self, version: str) -> LoadedModel:
        description = await asyncio.to_thread(self._registry.describe, version)
        scorer = await asyncio.to_thread(self._registry.load, version)
        if not self._live.catalogue.has(scorer.item_index):
            # The version may know items that were imported after the catalogue was loaded.
            self._live.replace_catalogue(await asyncio.to_thread(lambda: Catalogue(self._store.load_catalogue())))
        if not self._live.catalogue.has(scorer.item_index):
            detail = f"Model version {version} can't be used: it has items that the catalogue lacks."
            raise Unavailable("MODEL_VERSION_UNUSABLE", detail, version=version)
        # On a thread, as finding the places of many items takes long: 23 ms for 10,000 of 100,000 items.
        return await asyncio.to_thread(LoadedModel, description, scorer, self._live.catalogue)

    def _set_live(self, version: str) -> bool:
        row = self._store.read_live()
        if row is not None and row.version == version:
            return False
        if not self._store.compare_and_set_live(row, version):
            raise Unavailable("STORE_UNAVAILABLE", "Another version went live at the same moment. List the versions, then try again.")
        return True

    def _list(self, page_size: int, before: str | None) -> Page[ModelVersion]:
        versions = [version for version in self._registry.list_versions() if before is None or version < before]
        shown = versions[:page_size]
        rows = tuple(self._mark(described) for described in map(self._describe, shown) if described is not None)
        return Page(rows, page_token(QUESTION, shown[-1]) if len(versions) > page_size else "")

    def _describe(self, version: str) -> ModelVersion | None:
        try:
            return self._registry.describe(version)
        except ServiceError as error:
            if error.retryable:
                # The version may be fine, so an incomplete list would mislead.
                raise
            log.warning("model version left out of the list", version=version, reason=error.reason, detail=error.detail)
            return None

    def _mark(self, version: ModelVersion) -> ModelVersion:
        loaded = self._live.loaded
        is_live = loaded is not None and loaded.version.version == version.version
        unknown = self._live.count_unknown_items() if is_live else None
        return replace(version, live=is_live, stale=self._live.is_stale(version), unknown_items=unknown)


@contextmanager
def live_version_errors(version: str) -> Iterator[None]:
    """Raise Unavailable (MODEL_VERSION_UNUSABLE) if the block finds that the registry lacks the version that the store calls live."""
    try:
        yield
    except NotFound as error:
        detail = (
            f"The SQL store says that model version {version} is live, and the registry doesn't hold it: one of them was restored alone."
        )
        raise Unavailable("MODEL_VERSION_UNUSABLE", f"{detail} Train, or promote another version.", version=version) from error
