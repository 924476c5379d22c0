"""Which estimators suit a catalogue's size: a fit's memory grows with the square of the items, and its time with the cube."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Memory that a training may use, and a recommender while it replaces one version by another.
BYTES_MAX = 4_000_000_000
#: Memory of every training: interpreter, libraries, some millions of ratings, and the scores of the users on whom a fit is measured.
BYTES_ALWAYS = 700_000_000


@dataclass(frozen=True, slots=True)
class Needs:
    """The resources of one estimator: peak memory of a fit for each pair of items, and the largest catalogue.

    Up to `items_max` items, a fit stays below BYTES_MAX and the search ends within a job's deadline.
    """

    bytes_per_pair: int
    items_max: int

    def fit_bytes(self, items: int) -> int:
        return BYTES_ALWAYS + self.bytes_per_pair * items * items


#: With more items, the dense matrix itself is too large to serve, whichever estimator learned it: see docs/adr/0008.
ITEMS_MAX = 20_000
#: In the order in which a search tries the estimators. docs/adr/0008 has the measurements.
NEEDS = {
    "ease": Needs(12, 5_000),
    "svd": Needs(5, ITEMS_MAX),
    "item_knn": Needs(5, ITEMS_MAX),
    "popularity": Needs(5, ITEMS_MAX),
}


def choose_estimators(named: Sequence[str], items: int) -> tuple[str, ...]:
    """Return the named estimators, or all that suit this number of items if none is named.

    Raises InvalidArgument (JOB_PARAMS_INVALID) if the catalogue is too large for a named estimator, or for all of them.
    """
    suitable = tuple(name for name, needs in NEEDS.items() if items <= needs.items_max)
    for name in named or NEEDS:
        if name in NEEDS and name not in suitable and (named or not suitable):
            raise InvalidArgument("JOB_PARAMS_INVALID", _describe_too_large(name, items, suitable))
    return tuple(named) or suitable


def _describe_too_large(name: str, items: int, suitable: Sequence[str]) -> str:
    needs = NEEDS[name]
    needed = f"{name} needs {needs.fit_bytes(items) / 1e9:.1f} GB for {items:,} items and supports up to {needs.items_max:,} items"
    return f"{needed}; a training may use {BYTES_MAX / 1e9:g} GB. " + (
        f"Name {' or '.join(suitable)}, or no estimator." if suitable else "No estimator supports a catalogue of this size."
    )
