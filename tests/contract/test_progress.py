"""The message of a step of `make demo` whose command fails."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from infra.local.errors import LocalError
from infra.local.progress import Progress, Steps

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_that_failed_is_shown_as_a_shell_takes_it(tmp_path: Path) -> None:
    folder = tmp_path / "José's 100% (2) #x"
    folder.mkdir()
    command = [sys.executable, "-c", "import sys; sys.exit('the reason')", str(folder)]
    steps = Steps(Progress(), folder)

    with pytest.raises(LocalError) as caught:
        steps.command("failing", command, cwd=folder, variables=os.environ)

    shown, _, end = str(caught.value).partition("` ended with 1.")
    assert shlex.split(shown.removeprefix("`")) == command
    assert end.endswith("the reason")


def test_a_note_of_a_command_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-c", "print('a line for the log'); print('Note: train a new version')"]

    Steps(Progress(), tmp_path).command("noting", command, cwd=tmp_path, variables=os.environ)

    shown = capsys.readouterr().out
    assert shown.endswith("] Note: train a new version\n")
    assert "a line for the log" not in shown
