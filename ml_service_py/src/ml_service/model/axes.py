"""The axes of a model search: the values of a parameter in their order, and the value with which the search starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """The ordered values of one searched parameter. `start`, one of the values, suits MovieLens 100K."""

    values: tuple[float, ...]
    start: float

    def __post_init__(self) -> None:
        if self.start not in self.values or list(self.values) != sorted(set(self.values)):
            raise ValueError(f"the values must rise and hold the start; they are {self.values} and {self.start}")

    def near(self, value: float) -> tuple[float, ...]:
        """Return the value with its neighbours on the axis."""
        place = self.values.index(value)
        return self.values[max(0, place - 1) : place + 2]


def doubled(first: float, count: int) -> tuple[float, ...]:
    """Return `count` values, each twice the one before."""
    return tuple(first * 2**step for step in range(count))
