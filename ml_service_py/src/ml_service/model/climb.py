"""Hill climbing on the axes of one estimator: the search moves to the best neighbour until no neighbour is better."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ml_service.model.axes import Axis

#: One value of each axis, in the order of the axes.
Point = tuple[float, ...]


class Climb:
    """Names the points to measure next, by the scores so far. A point that can't be measured has the score minus infinity."""

    def __init__(self, axes: Mapping[str, Axis]) -> None:
        self._axes = tuple(axes.values())
        self._scores: dict[Point, float] = {}

    @property
    def best(self) -> Point:
        """The point with the highest score; of equal ones the first that was recorded. The start if there is none."""
        return max(self._scores, key=self._scores.__getitem__, default=tuple(axis.start for axis in self._axes))

    def next_points(self) -> list[Point]:
        """Return the start, then the neighbours of the best point on each axis, without those measured before. Empty at the top."""
        if not self._scores:
            return [self.best]
        return [point for point in self._around(self.best) if point not in self._scores]

    def record(self, point: Point, score: float = -math.inf) -> None:
        self._scores[point] = score

    def _around(self, point: Point) -> Iterator[Point]:
        for place, axis in enumerate(self._axes):
            for value in axis.near(point[place]):
                yield (*point[:place], value, *point[place + 1 :])
