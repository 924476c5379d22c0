"""The command line for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import Commands

from ml_service.cli import commands as commands_module

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    # The runner's own standard error is gone when the test is over, and a process has one set of log handlers.
    monkeypatch.setattr(commands_module, "configure_logs", lambda _level: None)
    return Commands(tmp_path)
