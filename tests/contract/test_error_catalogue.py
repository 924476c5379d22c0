"""The error tables of both languages and the reference page agree with the enum in the contract."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from harness.stack import node
from ml_service.errors import ServiceError
from protos.catalogue import PAGE, read_catalogue, render_page
from whynotboth.v1.errors_pb2 import ErrorReason

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = {entry.reason: (entry.kind, entry.is_retryable) for entry in read_catalogue()}


def test_every_reason_of_the_contract_has_a_comment_with_its_kind() -> None:
    assert set(CATALOGUE) == {name.removeprefix("ERROR_REASON_") for name in ErrorReason.DESCRIPTOR.values_by_name}


def test_the_python_tree_has_every_reason_with_the_contracts_kind_and_retryable() -> None:
    errors = [kind(reason, "Why.") for kind in ServiceError.__subclasses__() for reason in kind.reasons]

    assert {error.reason: (error.kind, error.retryable) for error in errors} == CATALOGUE


def test_the_typescript_table_has_every_reason_with_the_contracts_kind_and_retryable(root: Path) -> None:
    script = """
        import { AppError, reasons } from './src/errors.ts'
        const errors = Object.keys(reasons).map((reason) => new AppError(reason, 'Why.'))
        console.log(JSON.stringify(errors.map(({ reason, kind, isRetryable }) => [reason, [kind, isRetryable]])))
    """
    printed = subprocess.run(
        [node(), "--input-type=module", "--eval", script], cwd=root / "gateway_node", capture_output=True, text=True, check=True
    )

    table = {reason: (kind, is_retryable) for reason, (kind, is_retryable) in json.loads(printed.stdout)}
    assert table == {reason: entry for reason, entry in CATALOGUE.items() if reason != "UNSPECIFIED"}


def test_the_reference_page_is_generated_from_the_contract() -> None:
    assert PAGE.read_text("utf-8") == render_page()
