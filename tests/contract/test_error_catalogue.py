"""The tables of both languages and the reference page say what the contract says."""

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

KINDS = {entry.reason: entry.kind for entry in read_catalogue()}


def test_every_reason_of_the_contract_has_a_comment_with_its_kind() -> None:
    assert set(KINDS) == {name.removeprefix("ERROR_REASON_") for name in ErrorReason.DESCRIPTOR.values_by_name}


def test_the_python_tree_holds_every_reason_under_its_kind() -> None:
    tree = {reason: error.kind for error in ServiceError.__subclasses__() for reason in error.reasons}

    assert tree == KINDS


def test_the_typescript_table_holds_every_reason_under_its_kind(root: Path) -> None:
    script = "import { reasons } from './src/errors.ts'; console.log(JSON.stringify(reasons))"
    printed = subprocess.run(
        [node(), "--input-type=module", "--eval", script], cwd=root / "gateway_node", capture_output=True, text=True, check=True
    )

    assert json.loads(printed.stdout) == {reason: kind for reason, kind in KINDS.items() if reason != "UNSPECIFIED"}


def test_the_reference_page_is_the_one_that_the_contract_gives() -> None:
    assert PAGE.read_text("utf-8") == render_page()
