"""The states of a job are those of docs/reference/jobs.md, in the worker's ledger and in the gateway's view."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from harness.stack import node
from ml_service.adapters.sql.database import migrate, open_engine
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.domain import Job, JobOutcome, JobState
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Arrow = tuple[str, str, str]

ERROR = Unavailable("STORE_UNAVAILABLE", "Away.")
#: Each change of a job in the ledger, given its number of attempts, and the fact that reports it.
CHANGES: dict[str, Callable[[SqlJobLedger, str, int], object]] = {
    "job.started": lambda ledger, job_id, _: ledger.claim(Job(job_id, "export"), "worker"),
    "job.succeeded": lambda ledger, job_id, attempt: ledger.succeed(job_id, attempt, JobOutcome({})),
    "job.failed": lambda ledger, job_id, attempt: ledger.fail(job_id, attempt, ERROR),
    "job.cancelled": lambda ledger, job_id, attempt: ledger.cancel(job_id, attempt) or ledger.cancel_queued(job_id),
    "job.retried": lambda ledger, job_id, attempt: ledger.requeue(job_id, attempt),
    "job.replayed": lambda ledger, job_id, _: ledger.revive(job_id),
}
#: The facts that lead a new job to each state.
WAYS = {
    JobState.QUEUED: ("job.started", "job.retried"),
    JobState.RUNNING: ("job.started",),
    JobState.SUCCEEDED: ("job.started", "job.succeeded"),
    JobState.FAILED: ("job.started", "job.failed"),
    JobState.CANCELLED: ("job.started", "job.cancelled"),
}
#: Prints the state before and after each fact, for each state.
FOLDS = """
import { foldFact } from './src/features/jobs/fold.ts'
const { ways, facts } = JSON.parse(process.argv[1])
const requested = { name: 'job.requested', jobId: 'a', params: { $case: 'export', export: {} } }
const fact = (name, attempt) => ({ name, jobId: 'a', attempt, metrics: {} })
const next = (job, name) => foldFact(job, fact(name, job.attempts + (name === 'job.started' ? 1 : 0)))
const arrows = Object.values(ways).flatMap((way) => {
  const job = way.reduce(next, foldFact(undefined, requested))
  return facts.map((name) => [job, next(job, name), name]).filter(([before, after]) => before !== after)
})
console.log(JSON.stringify(arrows.map(([before, after, name]) => [before.state, after.state, name])))
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlJobLedger]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    yield SqlJobLedger(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def documented(root: Path) -> set[Arrow]:
    page = (root / "docs" / "reference" / "jobs.md").read_text("utf-8")
    return set(re.findall(r"^ +(\w+) --> (\w+) : (\S+)$", page, re.MULTILINE))


def state(ledger: SqlJobLedger, job_id: str) -> tuple[str, int]:
    record = ledger.find(job_id)
    assert record is not None
    return record.state.value, record.attempt


def arrow(ledger: SqlJobLedger, way: tuple[str, ...], change: str) -> Arrow | None:
    """Return the arrow of this change for a job with this history. None where the change has no effect."""
    job_id = str(uuid4())
    for step in way:
        CHANGES[step](ledger, job_id, 1)
    before = state(ledger, job_id)
    CHANGES[change](ledger, job_id, 1)
    after = state(ledger, job_id)
    return None if after == before else (before[0], after[0], change)


def test_the_ledger_changes_states_as_the_page_says(ledger: SqlJobLedger, documented: set[Arrow]) -> None:
    arrows = {arrow(ledger, way, change) for way in WAYS.values() for change in CHANGES}

    assert arrows - {None} == documented


def test_the_gateways_view_changes_states_as_the_page_says(root: Path, documented: set[Arrow]) -> None:
    given = json.dumps({"ways": {state.value: way for state, way in WAYS.items()}, "facts": list(CHANGES)})
    command = [node(), "--input-type=module", "--eval", FOLDS, "--", given]

    printed = subprocess.run(command, cwd=root / "gateway_node", capture_output=True, text=True, check=True)

    arrows = {tuple(arrow) for arrow in json.loads(printed.stdout)}
    assert documented <= arrows
    # The view also accepts the end of an attempt whose start it hasn't seen.
    assert {before for before, _, _ in arrows - documented} <= {"queued"}
