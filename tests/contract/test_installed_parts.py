"""An installed folder is used again only if it is whole: its stamp alone proves nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from infra.local.broker import BrokerChoice
from infra.local.install import STACK, Part, start_installation
from infra.local.progress import Progress, Steps
from infra.local.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PACKAGE = "left_pad-1.0.dist-info"
OLD_FILE = "of-an-earlier-installation"


def part_in(folder: Path, versions: str = "1 2") -> Part:
    def install() -> None:
        (folder / "packages" / PACKAGE).mkdir(parents=True, exist_ok=True)

    return Part(folder, folder / "packages", versions, install)


def start(part: Part, logs: Path) -> bool:
    """Return whether something had to be installed."""
    steps = Steps(Progress(), logs)
    started = part.start("packages", steps)
    steps.wait()
    return bool(started)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that was installed, and a file that only this installation has."""
    folder = tmp_path / "installed"
    start(part_in(folder), tmp_path)
    (folder / OLD_FILE).touch()
    return folder


def test_a_whole_folder_is_used_as_it_is(folder: Path, tmp_path: Path) -> None:
    assert not start(part_in(folder), tmp_path)


def test_an_installation_with_tools_serves_the_demo_too(folder: Path, tmp_path: Path) -> None:
    assert not start(part_in(folder, versions="1"), tmp_path)


def test_other_versions_are_installed_over_a_whole_folder(folder: Path, tmp_path: Path) -> None:
    assert start(part_in(folder, versions="1 3"), tmp_path)
    assert (folder / OLD_FILE).exists()


def remove_a_package(folder: Path) -> Path:
    shutil.rmtree(folder / "packages" / PACKAGE)
    return folder


def move(folder: Path) -> Path:
    return folder.rename(folder.with_name("moved"))


def interrupt(folder: Path) -> Path:
    (folder / ".installed").unlink()
    return folder


def note_as_the_installer_before(folder: Path) -> Path:
    (folder / ".installed").write_text("1 2", "utf-8")
    return folder


@pytest.mark.parametrize("damage", [remove_a_package, move, interrupt, note_as_the_installer_before])
def test_a_folder_that_is_not_whole_is_made_anew(folder: Path, tmp_path: Path, damage: Callable[[Path], Path]) -> None:
    now = damage(folder)

    was_installed = start(part_in(now), tmp_path)

    assert was_installed
    assert (now / "packages" / PACKAGE).exists()
    assert not (now / OLD_FILE).exists()


class PlannedSteps:
    """Notes the steps, and runs none."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def start(self, name: str, _work: Callable[[], None], _after: Sequence[object] = ()) -> None:
        self.names.append(name)


def test_an_environment_whose_python_was_removed_from_the_machine_is_made_anew(tmp_path: Path) -> None:
    settings, steps = read_settings(tmp_path), PlannedSteps()
    for lock in (*(tmp_path / name / "requirements.lock" for name in STACK), tmp_path / "gateway_node" / "package-lock.json"):
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    settings.python.parent.mkdir(parents=True)
    settings.python.symlink_to("/absent/python3")
    (settings.venv / ".installed").touch()

    start_installation(settings, steps, BrokerChoice.INSTALLED, with_tools=False)  # type: ignore[arg-type]

    assert steps.names == ["Python packages", "Node packages"]
    assert not (settings.venv / ".installed").exists()
