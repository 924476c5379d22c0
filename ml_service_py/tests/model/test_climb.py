"""Hill climbing on ordered axes: it ends where no neighbour is better, and measures no point twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ml_service.model.axes import Axis, doubled
from ml_service.model.climb import Climb

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.model.climb import Point

AXES = {"l2": Axis(doubled(1.0, 8), start=8.0), "rank": Axis((0, 8, 16, 32), start=16)}


def climb(score: Callable[[Point], float | None]) -> tuple[Point, list[Point]]:
    """Return the end of the climb and all points in the order in which they were measured."""
    hill = Climb(AXES)
    measured: list[Point] = []
    while points := hill.next_points():
        for point in points:
            value = score(point)
            hill.record(point) if value is None else hill.record(point, value)
        measured.extend(points)
    return hill.best, measured


@pytest.mark.parametrize("top", [(8.0, 16), (1.0, 32), (128.0, 0), (32.0, 8)])
def test_the_climb_ends_at_the_top_and_measures_each_point_once(top: Point) -> None:
    def score(point: Point) -> float:
        return -sum(abs(AXES[name].values.index(at) - AXES[name].values.index(to)) for name, at, to in zip(AXES, point, top, strict=True))

    best, measured = climb(score)

    assert best == top
    assert len(measured) == len(set(measured)) < 32
    assert measured[0] == (8.0, 16)


def test_the_end_is_no_worse_than_each_of_its_neighbours() -> None:
    best, measured = climb(lambda point: (point[0] * 7 + point[1] * 3) % 11)

    l2, rank = best
    neighbours = {(value, rank) for value in AXES["l2"].near(l2)} | {(l2, value) for value in AXES["rank"].near(rank)}
    assert neighbours <= set(measured)


def test_equal_points_leave_the_climb_where_it_is() -> None:
    assert climb(lambda _: 0.5)[0] == (8.0, 16)


def test_a_point_that_can_not_be_measured_is_never_the_best() -> None:
    best, measured = climb(lambda point: None if point[0] == 8.0 else point[0])

    assert best == (128.0, 16)
    assert (8.0, 16) in measured


def test_an_estimator_without_axes_is_measured_once() -> None:
    hill = Climb({})

    assert hill.next_points() == [()]
    hill.record((), 0.3)
    assert hill.next_points() == []
