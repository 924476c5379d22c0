"""No other user of the machine can read the files of the stack."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from infra.local.errors import LocalError
from infra.local.folders import owned_run_folder, plain_name
from infra.local.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"whynotboth-{os.geteuid()}"


def mode(folder: Path) -> int:
    return folder.stat().st_mode & 0o777


@pytest.mark.parametrize("before", [None, 0o755, 0o777, 0o500])
def test_the_run_folder_is_its_owners_only_whatever_it_was(tmp_path: Path, before: int | None) -> None:
    settings = read_settings(tmp_path)
    if before is not None:
        settings.run.mkdir()
        settings.run.chmod(before)

    with owned_run_folder(settings):
        found = mode(settings.run)

    assert found == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_run_folder_of_another_user_is_named(tmp_path: Path, root: Path) -> None:
    (tmp_path / ".run").mkdir()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    program = "import os, sys; from pathlib import Path; from infra.local.folders import make_private\n"
    program += "os.setuid(65534); make_private(Path(sys.argv[1]))"
    command = [sys.executable, "-c", program, str(tmp_path / ".run")]

    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    assert f"{tmp_path}/.run belongs to another user: remove it" in ended.stderr


def test_a_folder_of_plain_names_is_its_owners_only(temporary: Path, tmp_path: Path) -> None:
    temporary.mkdir(mode=0o755)

    link = plain_name(tmp_path / "José's")

    assert link.parent == temporary
    assert mode(temporary) == 0o700


def test_a_link_that_somebody_put_in_its_place_is_refused(temporary: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    temporary.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(LocalError, match="isn't a folder of this user's own"):
        plain_name(tmp_path / "José's")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_plain_names_of_another_user_is_refused(temporary: Path, tmp_path: Path) -> None:
    temporary.mkdir()
    os.chown(temporary, 65534, 65534)

    with pytest.raises(LocalError, match="isn't a folder of this user's own"):
        plain_name(tmp_path / "José's")
