"""Writes a model version to a file as plain arrays, and reads it back. The file can hold no code (no pickle)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from ml_service.model import item_weights
from ml_service.model.item_weights import DENSE_LAYOUT, SPARSE_LAYOUT
from ml_service.model.ratings import RatingWeights
from ml_service.model.scoring import ItemItemModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

#: The arrays of a version beside the weights, by name: kind of dtype and number of dimensions.
LAYOUT = {"item_ids": ("U", 1), "popularity": ("f4", 1), "rating_weights": ("f8", 1)}

#: The errors of zipfile and NumPy for bytes that they didn't write.
UNREADABLE = (BadZipFile, OSError, EOFError, ValueError, LookupError, TypeError, ArithmeticError, MemoryError, RuntimeError, SyntaxError)


class UnusableArrays(ValueError):
    """The arrays aren't those of a model version. The message names the wrong array."""


def write(model: ItemItemModel, file: IO[bytes]) -> None:
    """Write the arrays as one `npz` file, without pickle."""
    np.savez(file, allow_pickle=False, **to_arrays(model))


def read(file: IO[bytes]) -> ItemItemModel:
    """Read the model from an `npz` file. Raises UnusableArrays for any other file.

    Compressed arrays are rejected: their size is known only once they fill the memory. Pickled objects are rejected: they could run code.
    """
    try:
        with ZipFile(file) as members:
            if any(member.compress_type != ZIP_STORED for member in members.infolist()):
                raise UnusableArrays("it is compressed")
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            return to_model({name: arrays[name] for name in LAYOUT | DENSE_LAYOUT | SPARSE_LAYOUT if name in arrays})
    except UnusableArrays:
        raise
    except UNREADABLE as error:
        raise UnusableArrays("it isn't an npz file of plain arrays") from error


def to_arrays(model: ItemItemModel) -> dict[str, npt.NDArray[Any]]:
    counted = model.rating_weights
    return {
        "item_ids": model.item_ids,
        **item_weights.to_arrays(model.weights),
        "popularity": model.popularity,
        "rating_weights": np.array([counted.low_rating, counted.full_rating]),
    }


def to_model(arrays: Mapping[str, npt.NDArray[Any]]) -> ItemItemModel:
    """Build the model. Raises UnusableArrays if an array is missing, has another shape or dtype, or isn't finite."""
    weights_layout = SPARSE_LAYOUT if SPARSE_LAYOUT.keys() & arrays.keys() else DENSE_LAYOUT
    for name, (dtype, dimensions) in (LAYOUT | weights_layout).items():
        _check_array(name, arrays.get(name), dtype, dimensions)
    item_ids = arrays["item_ids"]
    if not (item_ids[:-1] < item_ids[1:]).all():
        raise UnusableArrays("item_ids must be sorted and without duplicates")
    if arrays["rating_weights"].shape != (2,):
        raise UnusableArrays(f"rating_weights has the shape {arrays['rating_weights'].shape}, not (2,)")
    try:
        weights = item_weights.from_arrays({name: arrays[name] for name in weights_layout}, len(item_ids))
        return ItemItemModel(item_ids, weights, arrays["popularity"], RatingWeights(*arrays["rating_weights"].tolist()))
    except ValueError as error:
        raise UnusableArrays(str(error)) from error


def _check_array(name: str, array: npt.NDArray[Any] | None, dtype: str, dimensions: int) -> None:
    if array is None:
        raise UnusableArrays(f"the array {name} is missing")
    if not array.dtype.str[1:].startswith(dtype) or array.ndim != dimensions:
        raise UnusableArrays(f"{name} has the dtype {array.dtype} and {array.ndim} dimensions, not {dtype} and {dimensions}")
    # Row by row: for a whole matrix, `isfinite` would allocate a quarter of its size.
    if dtype != "U" and not all(np.isfinite(row).all() for row in np.atleast_2d(array)):
        raise UnusableArrays(f"{name} holds values that aren't finite")
