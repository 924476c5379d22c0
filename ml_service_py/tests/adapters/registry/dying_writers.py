"""Writers of the registry that die, or are watched, at each change of the file system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sample
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from ml_service.adapters.registry.registry import FileRegistry

VERSION = "20240501T123000Z-00000000"
CHANGES = ("makedirs", "open", "pipe_file", "cp_file", "rm", "rm_file", "mv")
#: More steps than writing a version takes.
STEPS = range(12)


class Killed(BaseException):
    """Stands for the end of the writer's process."""


def save(registry: FileRegistry, ndcg: float = 0.5) -> None:
    registry.save(
        sample.parity_model(), estimator="ease", params={"l2": 1.0}, metrics={"ndcg_at_10": ndcg}, data={"fingerprint": "f"}, name=VERSION
    )


def change(patch: pytest.MonkeyPatch, before: Callable[[], None]) -> None:
    """Call `before` ahead of each change of a file system, except changes made by `before` itself."""
    is_called = False

    def changed(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal is_called
            if not is_called:
                is_called = True
                try:
                    before()
                finally:
                    is_called = False
            return original(*args, **options)

        return call

    for kind in (LocalFileSystem, MemoryFileSystem):
        for name in CHANGES:
            patch.setattr(kind, name, changed(getattr(kind, name)))


def kill_after(patch: pytest.MonkeyPatch, steps: int) -> None:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if done > steps:
            raise Killed

    change(patch, count)
