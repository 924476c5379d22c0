"""The local stack uses the machine's own Node if that has the features which the gateway needs, else the package's Node."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.local.machine import NODE_OLDEST, find_node

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("version", "is_used"), [("v24.9.0", True), ("v25.0.0", True), ("v24.8.1", False), ("v22.20.0", False)])
def test_the_machines_own_node_is_used_if_it_is_new_enough(tmp_path: Path, version: str, *, is_used: bool) -> None:
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {version}\n", "utf-8")
        program.chmod(0o755)

    found = find_node(str(tmp_path))

    assert found == (tmp_path / "node" if is_used else None)


def test_the_oldest_accepted_node_is_the_one_in_the_gateways_package(root: Path) -> None:
    package = json.loads((root / "gateway_node" / "package.json").read_text("utf-8"))

    assert package["engines"]["node"] == ">=" + ".".join(map(str, NODE_OLDEST))
