"""Which estimators a catalogue is small enough for: what a fit takes of memory and time grows with the square and the cube of the items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What a training may take, and a recommender while one version replaces another.
BYTES_MAX = 4_000_000_000
#: Interpreter, libraries, some millions of ratings, and the scores of the users on whom a fit is measured.
BYTES_ALWAYS = 700_000_000


@dataclass(frozen=True, slots=True)
class Appetite:
    """What a fit takes at its peak for each pair of items, and up to how many items its search ends within a job's deadline."""

    bytes_per_pair: int
    items_max: int

    def fit_bytes(self, items: int) -> int:
        return BYTES_ALWAYS + self.bytes_per_pair * items * items


#: More items than these and the dense matrix that answers is too large itself, whatever learned it: see docs/adr/0008.
ITEMS_MAX = 20_000
#: In the order in which they are tried: see docs/adr/0008 for the measurements.
APPETITES = {
    "ease": Appetite(12, 5_000),
    "svd": Appetite(5, ITEMS_MAX),
    "item_knn": Appetite(5, ITEMS_MAX),
    "popularity": Appetite(5, ITEMS_MAX),
}


def choose_estimators(asked: Sequence[str], items: int) -> tuple[str, ...]:
    """The named estimators, or where none is named those that the catalogue isn't too large for.

    Raises InvalidArgument (JOB_PARAMS_INVALID) for a named one that it is too large for, and where none is left.
    """
    fitting = tuple(name for name, appetite in APPETITES.items() if items <= appetite.items_max)
    for name in asked or APPETITES:
        if name in APPETITES and name not in fitting and (asked or not fitting):
            raise InvalidArgument("JOB_PARAMS_INVALID", _refusal(name, items, fitting))
    return tuple(asked) or fitting


def _refusal(name: str, items: int, fitting: Sequence[str]) -> str:
    appetite = APPETITES[name]
    needed = f"{name} takes {appetite.fit_bytes(items) / 1e9:.1f} GB for {items:,} items and is made for up to {appetite.items_max:,}"
    return f"{needed}; a training may take {BYTES_MAX / 1e9:g} GB. " + (
        f"Ask for {' or '.join(fitting)}, or for none." if fitting else "No estimator is made for a catalogue of this size."
    )
