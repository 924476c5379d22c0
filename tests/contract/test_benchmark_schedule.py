"""The benchmarks keep to their time on a slow machine: they make fewer rounds, report that, and don't fail."""

from __future__ import annotations

from benchmarks.goals import GATEWAY
from benchmarks.report import Report
from benchmarks.rounds import interleave
from benchmarks.schedule import SHARES, Schedule


class Machine:
    """A clock that advances only with work."""

    def __init__(self, *names: str, run_seconds: float) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.schedule = Schedule(run_seconds, list(names), self.said.append, lambda: self.now)

    def rounds_of(self, seconds: float, rounds: int = 3) -> int:
        """Return the number of rounds that a series makes when each round takes this long."""
        return len(interleave({GATEWAY: lambda: self.work(seconds)}, rounds, self.said.append, self.schedule, lambda: self.now)[GATEWAY])

    def work(self, seconds: float) -> dict[str, float]:
        self.now += seconds
        return {}


def test_a_fast_machine_makes_every_round() -> None:
    machine = Machine("sockets", "drain", run_seconds=SHARES["sockets"] + SHARES["drain"])
    machine.schedule.begin("sockets", "Sockets")

    assert machine.rounds_of(SHARES["sockets"] / 3) == 3
    assert machine.schedule.left_out == []


def test_a_slow_machine_makes_fewer_rounds_and_reports_that() -> None:
    machine = Machine("sockets", "drain", run_seconds=SHARES["sockets"] + SHARES["drain"])
    machine.schedule.begin("sockets", "Sockets")

    assert machine.rounds_of(SHARES["sockets"] / 2) == 2
    assert machine.schedule.left_out == ["sockets: 1 of 3 rounds"]


def test_a_series_gets_one_round_even_without_any_time_left() -> None:
    machine = Machine("sockets", "drain", run_seconds=1)
    machine.work(100)
    machine.schedule.begin("drain", "Queued jobs")

    assert machine.rounds_of(40) == 1
    assert machine.schedule.turn_seconds(3, turns=6) == 1
    assert not machine.schedule.has_time_for_another()


def test_turns_are_shorter_where_the_share_of_time_is_too_small() -> None:
    machine = Machine("cached", run_seconds=12)
    machine.schedule.begin("cached", "Cached")

    assert machine.schedule.turn_seconds(3, turns=4) == 3
    assert machine.schedule.turn_seconds(3, turns=6) == 2
    assert machine.schedule.left_out == ["cached: turns of 3 s, shortened to 2 s"]


def test_a_fast_series_leaves_its_time_to_later_ones() -> None:
    machine = Machine("tell", "push", run_seconds=100)
    machine.schedule.begin("tell", "Tell")
    machine.work(1)

    machine.schedule.begin("push", "Push")

    assert machine.schedule.has_time(99)
    assert not machine.schedule.has_time(100)


def test_the_report_names_the_rounds_that_were_left_out() -> None:
    report = Report({}, [], [], 600.0, left_out=["sockets: 1 of 3 rounds"])

    assert "sockets: 1 of 3 rounds" in report.as_text()
    assert "sockets: 1 of 3 rounds" in report.as_html()
    assert '"left_out": [\n    "sockets: 1 of 3 rounds"' in report.as_json()
