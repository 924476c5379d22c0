"""Errors: their kind and wording are those of the contract."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

import ml_service
from ml_service.errors import DeadlineExceeded, NotFound, ServiceError, Unavailable, error_of
from whynotboth.v1.error_reasons import ERROR_REASONS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES = {error.__name__: error.kind for error in ServiceError.__subclasses__()}


def test_each_kind_has_one_class() -> None:
    assert sorted(CLASSES.values()) == sorted(get_args(Kind))


@pytest.mark.parametrize("reason", ERROR_REASONS)
def test_a_reason_becomes_the_error_of_its_kind(reason: str) -> None:
    error = error_of(reason, "Why.")

    assert (error.reason, error.detail, CLASSES[type(error).__name__]) == (reason, "Why.", error.rule.kind)


def test_an_error_is_retryable_if_the_contract_says_so() -> None:
    errors = [
        Unavailable("STORE_UNAVAILABLE"),
        Unavailable("STORE_UNUSABLE"),
        DeadlineExceeded("DEADLINE_EXCEEDED"),
        DeadlineExceeded("JOB_DEADLINE_EXCEEDED"),
    ]

    assert [error.retryable for error in errors] == [True, False, True, False]


def test_an_error_without_a_detail_of_its_own_has_the_sentences_of_the_contract() -> None:
    assert str(Unavailable("SHUTTING_DOWN")) == "The process is about to stop. Ask another replica."
    assert str(Unavailable("SHUTTING_DOWN", "The worker stops.")) == "The worker stops."


def test_a_reason_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="STORE_UNAVAILABLE is of the kind UNAVAILABLE"):
        NotFound("STORE_UNAVAILABLE")


def test_a_reason_that_only_another_build_knows_is_the_failure_of_another_service() -> None:
    error = error_of("OF_ANOTHER_BUILD", "Why.")

    assert (error.reason, error.detail) == ("UPSTREAM_FAILED", "Why.")


def errors_in_the_sources() -> Iterator[tuple[str, str]]:
    """The class and the reason of each error that the sources name, such as `NotFound("USER_UNKNOWN", ...)`."""
    for file in Path(ml_service.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(reason)), *_]) if name in CLASSES:
                    yield name, reason


def test_every_error_in_the_sources_has_a_reason_of_its_kind() -> None:
    named = set(errors_in_the_sources())

    assert ("NotFound", "USER_UNKNOWN") in named
    assert {(name, reason) for name, reason in named if CLASSES[name] != ERROR_REASONS[reason].kind} == set()
