"""Damaged and forged model versions. Their hashes are right, so that only the checks of the content can reject them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import sample

from ml_service.adapters.registry.layout import MANIFEST
from ml_service.model.artifact import to_arrays, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD_FILE = BytesIO()
write(sample.parity_model(), GOOD_FILE)
GOOD = GOOD_FILE.getvalue()
ran: list[str] = []


class Code:
    """An object that runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return ran.append, ("unpickled",)


def npz(**changes: Any) -> bytes:
    file = BytesIO()
    np.savez(file, **{**to_arrays(sample.parity_model()), **changes})
    return file.getvalue()


def without(name: str) -> bytes:
    arrays = to_arrays(sample.parity_model())
    del arrays[name]
    file = BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def compressed() -> bytes:
    file = BytesIO()
    np.savez_compressed(file, **to_arrays(sample.parity_model()))  # type: ignore[arg-type]
    return file.getvalue()


def claiming(shape: tuple[int, ...]) -> bytes:
    """Return an npz file of a few bytes whose headers claim this shape."""
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as members:
        for name in to_arrays(sample.parity_model()):
            members.writestr(f"{name}.npy", header.getvalue())
    return file.getvalue()


#: By the name of the test case: the damaged file, and a part of the error for it.
BODIES: dict[str, tuple[bytes, str]] = {
    "an object array": (npz(popularity=np.array([Code()], dtype=object)), "plain arrays"),
    "another format": (b"\x80\x04N.", "plain arrays"),
    "nothing": (b"", "plain arrays"),
    "half of it": (GOOD[: len(GOOD) // 2], "plain arrays"),
    "a size beyond the memory": (claiming((10**13,)), "plain arrays"),
    "compressed arrays": (compressed(), "compressed"),
    "another shape": (npz(weights=np.zeros((9, 10), dtype=np.float32)), "10 items"),
    "another dtype": (npz(weights=np.zeros((10, 10))), "weights has the dtype float64"),
    "a missing array": (without("weights"), "weights is missing"),
}


def arrays_of(folder: Path) -> Path:
    """Return the path of a version's arrays."""
    (arrays,) = folder.glob("model*.npz")
    return arrays


def rewrite(folder: Path, body: bytes | None = None, **changes: Any) -> None:
    """Replace the arrays and fields of the manifest. The hash in the manifest fits the new arrays."""
    manifest = json.loads((folder / MANIFEST).read_text())
    if body is not None:
        arrays_of(folder).write_bytes(body)
        manifest["files"][arrays_of(folder).name] = {"sha256": hashlib.sha256(body).hexdigest(), "size_bytes": len(body)}
    (folder / MANIFEST).write_text(json.dumps({**manifest, **changes}))


def flip_a_byte(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
