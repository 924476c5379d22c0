"""Which estimators suit a data set: those whose fit stays within a training's memory and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_service.errors import InvalidArgument
from ml_service.model.candidates import ESTIMATORS
from ml_service.model.item_weights import ITEMS_MAX_DENSE
from ml_service.model.sizes import BYTES_ALWAYS, BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.model.sizes import Sizes

#: The time of one fit. A search makes dozens of fits, and must end within a job's deadline.
FIT_SECONDS_MAX = 5.0


def choose_estimators(named: Sequence[str], sizes: Sizes) -> tuple[str, ...]:
    """Return the named estimators, or all that suit these sizes if none is named.

    Raises InvalidArgument (JOB_PARAMS_INVALID) if the data is too large for a named estimator, or for all of them.
    """
    suitable = tuple(name for name in ESTIMATORS if _suits(name, sizes))
    for name in named or ESTIMATORS:
        if name in ESTIMATORS and name not in suitable and (named or not suitable):
            raise InvalidArgument("JOB_PARAMS_INVALID", _describe_too_large(name, sizes, suitable))
    return tuple(named) or tuple(name for name in suitable if ESTIMATORS[name].stands_in_for not in suitable)


def _suits(name: str, sizes: Sizes) -> bool:
    estimator, cost = ESTIMATORS[name], ESTIMATORS[name].cost(sizes)
    can_serve = estimator.is_sparse or sizes.items <= ITEMS_MAX_DENSE
    return can_serve and BYTES_ALWAYS + cost.bytes <= BYTES_MAX and cost.seconds <= FIT_SECONDS_MAX


def _describe_too_large(name: str, sizes: Sizes, suitable: Sequence[str]) -> str:
    cost = ESTIMATORS[name].cost(sizes)
    needed = f"{name} needs {(BYTES_ALWAYS + cost.bytes) / 1e9:.1f} GB and {cost.seconds:,.0f} s a fit for {sizes.items:,} items"
    bounds = f"a training may use {BYTES_MAX / 1e9:g} GB and {FIT_SECONDS_MAX:g} s a fit, a dense matrix {ITEMS_MAX_DENSE:,} items"
    return f"{needed}; {bounds}. " + (
        f"Name {' or '.join(suitable)}, or no estimator." if suitable else "No estimator supports a catalogue of this size."
    )
