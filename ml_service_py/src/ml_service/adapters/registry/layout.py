"""The layout of the registry: the names of its folders and files, and the schemas of its two kinds of JSON.

The JSON is validated like a request, because other programs may be able to write to the registry.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

MANIFEST = "manifest.json"
HEADER = "header.json"

_VERSION = r"\d{8}T\d{6}Z-[0-9a-f]{8}"
#: Each writer chooses its own suffix, so that two writers of one version don't overwrite each other. Format 1 has no suffix.
_ARRAYS = r"model(-[0-9a-f]{8})?\.npz"
#: A writer that died may leave a file with such a suffix. In earlier releases it left a hidden folder with one.
_UNFINISHED = r"(\.[0-9a-f]{32})?"

VERSION_PATTERN = re.compile(_VERSION)
ARRAYS_PATTERN = re.compile(_ARRAYS)
JOB_ID_PATTERN = re.compile(r"[0-9A-Za-z-]{1,64}")
#: Files and empty folders that writers of versions and of job files may leave, relative to the registry's address. A file with another
#: name belongs to another program.
VERSION_FILES = re.compile(rf"models/\.?{_VERSION}{_UNFINISHED}(/({_ARRAYS}|manifest\.json{_UNFINISHED}))?")
JOB_FILES = re.compile(rf"results/{JOB_ID_PATTERN.pattern}(/\.?\d+{_UNFINISHED}(/[^/]+)?)?")

#: The format of new manifests. It counts up when older code can't read what newer code writes.
#: 1: the arrays are in `model.npz`. 2: each writer chooses the name of that file. 3: the item-item matrix may be sparse.
FORMAT: Literal[3] = 3
#: A larger file isn't read to its end, so it can't be decoded.
JSON_BYTES_MAX = 1024 * 1024

#: Integers that a double represents exactly, because gRPC and JSON carry numbers as doubles.
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class RegistryJson(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class FileEntry(RegistryJson):
    """The hash and the size of a version's file."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: Annotated[int, Field(ge=0)]


class Manifest(RegistryJson):
    """The description of a model version. `data` describes the training data, `files` is keyed by file name."""

    format: Literal[1, 2, 3]
    version: str
    estimator: Name
    params: dict[Name, bool | Whole | Finite | str | None]
    metrics: dict[Name, Finite]
    created_at: AwareDatetime
    data: dict[str, JsonValue]
    files: dict[str, FileEntry]
    libraries: dict[str, str]


class ResultHeader(RegistryJson):
    """The description of a job's file. `name` is a plain file name: it can't lead to another folder."""

    name: Annotated[str, Field(pattern=r"^[\w-][\w. -]{0,99}$")]
    media_type: Name
    size_bytes: Annotated[int, Field(ge=0)]


def first_problem(error: ValidationError) -> str:
    """Return the first problem as "field: what is wrong", without the value."""
    problem = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'the whole file'}: {problem['msg']}"
