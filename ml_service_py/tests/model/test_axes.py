"""The axes of the registered estimators: ordered values around a start."""

from __future__ import annotations

import pytest

from ml_service.model.axes import Axis, doubled
from ml_service.model.candidates import ESTIMATORS


def test_the_neighbours_of_a_value_are_those_beside_it_and_an_end_has_one() -> None:
    axis = Axis(doubled(10, 4), start=20)

    assert axis.near(20) == (10, 20, 40)
    assert axis.near(80) == (40, 80)


def test_values_that_do_not_rise_and_a_start_that_is_not_among_them_are_rejected() -> None:
    with pytest.raises(ValueError, match="must rise"):
        Axis((2, 1), start=1)
    with pytest.raises(ValueError, match="hold the start"):
        Axis((1, 2), start=3)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_each_axis_is_a_parameter_of_its_estimator(name: str) -> None:
    assert ESTIMATORS[name].axes.keys() <= ESTIMATORS[name]().get_params().keys()
