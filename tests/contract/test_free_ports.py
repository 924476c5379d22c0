"""The ports that tests give to services which listen on them later."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from harness.ports import CANDIDATES, free_ports

if TYPE_CHECKING:
    import pytest

#: Another test process that tries the ports of its command line first.
OTHER = """
import secrets, sys
from harness.ports import CANDIDATES, free_ports
offered = iter([*map(int, sys.argv[1:]), *CANDIDATES])
secrets.choice = lambda _: next(offered)
print(free_ports(1)[0])
"""


def test_free_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20


def test_no_port_that_was_given_is_given_again_before_a_service_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    given = free_ports(3)
    offered = iter([*given, *given, *CANDIDATES])
    monkeypatch.setattr("secrets.choice", lambda _: next(offered))

    assert free_ports(1)[0] not in given


def test_no_port_that_was_given_is_given_to_another_test_process() -> None:
    given = free_ports(3)

    command = [sys.executable, "-c", OTHER, *map(str, given)]
    other = subprocess.run(command, env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True).stdout

    assert int(other) in CANDIDATES
    assert int(other) not in given
