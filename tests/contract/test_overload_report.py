"""The report on load shedding, for a run in which the gateway refused every request."""

from __future__ import annotations

import pytest

from benchmarks.open_loop import Tally
from benchmarks.overload import describe


def test_a_run_without_an_answer_in_time_is_an_error_that_names_the_answers() -> None:
    refused = Tally()
    refused.outcomes["421"] = 2000

    with pytest.raises(SystemExit, match="'421': 2000"):
        list(describe({1: refused}))
