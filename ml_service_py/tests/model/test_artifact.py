"""Model versions as arrays: a round trip keeps all scores, and other arrays are rejected."""

from typing import Any

import numpy as np
import pytest
from planted import checkerboard

from ml_service.model.artifact import UnusableArrays, to_arrays, to_model
from ml_service.model.ease import EASE
from ml_service.model.scoring import ItemItemModel, history_of, score


@pytest.fixture
def model() -> ItemItemModel:
    data = checkerboard()
    return EASE(l2=1.0, low_rating=1.0, full_rating=4.0).fit(data.pairs, data.ratings).to_model()


def test_a_model_read_back_gives_identical_scores(model: ItemItemModel) -> None:
    again = to_model(to_arrays(model))

    rated = {"00": 5.0, "03": 1.0, "04": None}
    np.testing.assert_array_equal(score(again, [history_of(again, rated)]), score(model, [history_of(model, rated)]))
    assert again.rating_weights == model.rating_weights
    assert again.item_index == model.item_index


@pytest.mark.parametrize(
    ("name", "array", "complaint"),
    [
        ("weights", None, "weights is missing"),
        ("weights", np.zeros((20, 20)), "weights has the dtype float64"),
        ("weights", np.zeros((19, 20), dtype=np.float32), "20 items"),
        ("weights", np.full((20, 20), np.nan, dtype=np.float32), "weights holds values that aren't finite"),
        ("popularity", np.zeros((20, 1), dtype=np.float32), "2 dimensions"),
        ("item_ids", np.array(["a"] * 20), "sorted and without duplicates"),
        ("rating_weights", np.array([3.0, 1.0]), "low_rating is 3.0"),
        ("rating_weights", np.array([1.0, 2.0, 3.0]), "rating_weights has the shape"),
    ],
)
def test_arrays_that_are_no_model_version_are_rejected_by_name(model: ItemItemModel, name: str, array: Any, complaint: str) -> None:
    arrays: dict[str, Any] = {**to_arrays(model), name: array}

    with pytest.raises(UnusableArrays, match=complaint):
        to_model(arrays)
