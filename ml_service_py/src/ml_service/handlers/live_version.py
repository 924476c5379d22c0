"""The error for a live version whose files are missing: store and registry may be restored from backups of different times."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ml_service.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def naming_disagreement(version: str) -> Iterator[None]:
    """Raise Unavailable (MODEL_VERSION_UNUSABLE) where the registry, asked in the block, doesn't know the version that is live."""
    try:
        yield
    except NotFound as error:
        detail = (
            f"The SQL store says that model version {version} is live, and the registry doesn't hold it: one of them was restored alone."
        )
        raise Unavailable("MODEL_VERSION_UNUSABLE", f"{detail} Train, or promote another version.", version=version) from error
