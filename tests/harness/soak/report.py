"""The findings and figures of a soak, as lines to read and as JSON to keep."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from harness.soak.ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.soak.checker import Findings
    from harness.soak.ledger import Answer, Ledger
    from harness.soak.probe import Recovery

#: How many findings of each kind are printed.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One step of faults: its start, its duration, the time to recover, and the requests of that time."""

    name: str
    at_seconds: float
    held_seconds: float
    recovery_seconds: float
    recovery: Recovery
    requests: Sequence[Answer]

    @property
    def figures(self) -> dict[str, Any]:
        outcomes = Counter(answer.outcome for answer in self.requests)
        return {
            "fault": self.name,
            "at_seconds": round(self.at_seconds, 1),
            "held_seconds": round(self.held_seconds, 1),
            "recovery_seconds": round(self.recovery_seconds, 2),
            "accepting_seconds": round(self.recovery.accepting, 2),
            "answering_seconds": round(self.recovery.answering, 2),
            **latencies(self.requests),
            **{outcome.value: outcomes[outcome] for outcome in Outcome},
        }

    @property
    def line(self) -> str:
        figures = self.figures
        return (
            f"{self.at_seconds:7.1f} s  {self.name:<24} for {self.held_seconds:4.1f} s  works again after {self.recovery_seconds:5.2f} s "
            f"(accepts {self.recovery.accepting:5.2f}, answers {self.recovery.answering:5.2f})  "
            f"p50 {figures['p50_ms']:5.0f} ms  p99 {figures['p99_ms']:5.0f} ms   "
            + "  ".join(f"{outcome.value} {figures[outcome.value]}" for outcome in Outcome)
        )


@dataclass(frozen=True, slots=True)
class Report:
    seed: str
    seconds: float
    ledger: Ledger
    findings: Findings
    rows: Sequence[FaultRow]

    @property
    def figures(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "operations": {outcome.value: self.ledger.count(outcome) for outcome in Outcome},
            "interactions": len(self.ledger.interactions),
            "jobs": len(self.ledger.jobs),
            "requests": {"count": len(self.ledger.requests), **latencies(self.ledger.requests)},
            "findings": {name: len(found) for name, found in asdict(self.findings).items()},
            "found": asdict(self.findings),
            "faults": [row.figures for row in self.rows],
            "by_fault": self._by_fault(),
        }

    @property
    def lines(self) -> list[str]:
        figures = self.figures
        counts = {**figures["operations"], **figures["findings"], "faults": len(self.rows)}
        kinds = [
            f"  {name:<24} {row['count']:3} times   works again after {row['recovery_median_seconds']:5.2f} s, at most "
            f"{row['recovery_max_seconds']:5.2f} s   p99 {row['p99_ms']:5.0f} ms"
            for name, row in figures["by_fault"].items()
        ]
        found = [f"{name}: {line}" for name, lines in asdict(self.findings).items() for line in lines[:SHOWN]]
        head = f"seed {self.seed}, {self.seconds:.0f} s: " + ", ".join(f"{name} {count}" for name, count in counts.items())
        return [*kinds, head, *found]

    def _by_fault(self) -> dict[str, dict[str, Any]]:
        rows_of: defaultdict[str, list[FaultRow]] = defaultdict(list)
        for row in self.rows:
            rows_of[row.name].append(row)
        return {name: _summary(rows) for name, rows in sorted(rows_of.items())}


def latencies(answers: Sequence[Answer]) -> dict[str, float]:
    milliseconds = sorted(answer.seconds * 1000 for answer in answers) or [0.0]
    return {"p50_ms": round(statistics.median(milliseconds), 1), "p99_ms": round(milliseconds[int(len(milliseconds) * 0.99)], 1)}


def _summary(rows: Sequence[FaultRow]) -> dict[str, Any]:
    recoveries = [row.recovery_seconds for row in rows]
    return {
        "count": len(rows),
        "recovery_median_seconds": round(statistics.median(recoveries), 2),
        "recovery_max_seconds": round(max(recoveries), 2),
        **latencies([answer for row in rows for answer in row.requests]),
    }
