"""Model versions as arrays: a round trip keeps all scores, and other arrays are rejected."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from planted import checkerboard

from ml_service.model.artifact import UnusableArrays, read, to_arrays, to_model, write
from ml_service.model.ease import EASE
from ml_service.model.item_knn import ItemKNN
from ml_service.model.item_weights import SPARSE_LAYOUT
from ml_service.model.scoring import ItemItemModel, history_of, score


@pytest.fixture
def model() -> ItemItemModel:
    data = checkerboard()
    return EASE(l2=1.0, low_rating=1.0, full_rating=4.0).fit(data.id_pairs, data.ratings).to_model()


@pytest.fixture
def sparse_model() -> ItemItemModel:
    data = checkerboard()
    return ItemKNN(n_neighbors=3, shrinkage=1.0).fit(data.id_pairs, data.ratings).to_model()


@pytest.mark.parametrize("form", ["model", "sparse_model"])
def test_a_model_read_back_gives_identical_scores(form: str, request: pytest.FixtureRequest) -> None:
    model: ItemItemModel = request.getfixturevalue(form)
    file = BytesIO()

    write(model, file)
    file.seek(0)
    again = read(file)

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


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"weights_columns": None}, "weights_columns is missing"),
        ({"weights_data": np.zeros(60)}, "weights_data has the dtype float64"),
        ({"weights_data": np.full(60, np.inf, dtype=np.float32)}, "weights_data holds values that aren't finite"),
        ({"weights_columns": np.full(60, 20, dtype=np.int32)}, "indices"),
        ({"weights_columns": np.full(60, -1, dtype=np.int32)}, "indices"),
        ({"weights_columns": np.zeros(60, dtype=np.int32)}, "sorted and without duplicates"),
        ({"weights_columns": np.arange(60, dtype=np.int32)[::-1] % 20}, "sorted and without duplicates"),
        ({"weights_starts": ints(0, 60)}, "index pointer size"),
        ({"weights_starts": ints(*range(20), 61)}, "index"),
        ({"weights_starts": ints(0, 60, *[0] * 18, 60)}, "non-decreasing"),
        ({"weights_starts": np.linspace(0, 60, 21)}, "weights_starts has the dtype float64"),
    ],
)
def test_arrays_that_are_no_sparse_matrix_are_rejected(sparse_model: ItemItemModel, changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UnusableArrays, match=complaint):
        to_model(to_arrays(sparse_model) | changes)


def test_a_model_without_any_weights_array_is_rejected(sparse_model: ItemItemModel) -> None:
    arrays = {name: array for name, array in to_arrays(sparse_model).items() if name not in SPARSE_LAYOUT}

    with pytest.raises(UnusableArrays, match="weights is missing"):
        to_model(arrays)
