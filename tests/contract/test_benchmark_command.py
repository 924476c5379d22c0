"""`python -m benchmarks` ends with 0 when only the time runs out, and with an error when something fails."""

from __future__ import annotations

import json
import runpy
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.rounds import LoadFailed
from benchmarks.schedule import OutOfTime

if TYPE_CHECKING:
    from pathlib import Path


LEFT_OUT = ["the rest of this series, because the time was over; then ask, rates, one, cached"]


@pytest.mark.parametrize(("reason", "code"), [(OutOfTime(), 0), (LoadFailed("other answers"), "\nother answers")])
def test_a_lack_of_time_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reason: Exception, code: int | str) -> None:
    def break_off(*_: object) -> None:
        raise reason

    monkeypatch.setattr("benchmarks.requirements.require_tools", lambda _: None)
    monkeypatch.setattr("benchmarks.stand.open_stand", break_off)
    monkeypatch.setattr("infra.local.stopping.StopSignals.listen", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "ask", "--report", str(tmp_path)])

    with pytest.raises(SystemExit) as ended:
        runpy.run_module("benchmarks", run_name="__main__")

    assert ended.value.code == code
    assert json.loads((tmp_path / "bench.json").read_text("utf-8"))["left_out"] == (LEFT_OUT if code == 0 else [])
