"""The two kinds of JSON that the registry holds beside its files. Whoever can write there must not be believed more than a caller."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

#: Counts up when older code can't read what newer code writes.
#: 1: the arrays are in `model.npz`. 2: each writer names its own file.
FORMAT: Literal[2] = 2
#: A larger one isn't read to its end, and so can't be used.
JSON_BYTES_MAX = 1024 * 1024

#: What a double holds exactly, as callers get numbers as doubles.
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Described(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class FileEntry(Described):
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: Annotated[int, Field(ge=0)]


class Manifest(Described):
    format: Literal[1, 2]
    version: str
    estimator: Name
    params: dict[Name, bool | Whole | Finite | str | None]
    metrics: dict[Name, Finite]
    created_at: AwareDatetime
    data: dict[str, JsonValue]
    files: dict[str, FileEntry]
    libraries: dict[str, str]


class ResultHeader(Described):
    #: One name, without a way to another folder.
    name: Annotated[str, Field(pattern=r"^[\w-][\w. -]{0,99}$")]
    media_type: Name
    size_bytes: Annotated[int, Field(ge=0)]


def first_problem(error: ValidationError) -> str:
    """Says in a few words what is wrong, without what was given."""
    problem = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'all of it'}: {problem['msg']}"
