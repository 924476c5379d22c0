"""Compares the observed state of the stack with the ledger. A pure function without I/O."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import astuple, dataclass
from itertools import chain
from typing import TYPE_CHECKING

from harness.soak.ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.soak.ledger import Content, Interaction, Job, Ledger, Operation

Pair = tuple[str, str]
FINAL_STATES = {"succeeded", "failed", "cancelled"}


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A job as one gateway returns it."""

    job: Job
    state: str
    attempts: int
    #: The whole job as JSON, to compare it between gateways.
    body: str


@dataclass(frozen=True, slots=True)
class Observed:
    """The state of the stack after it has recovered and drained."""

    #: The rows of the store in the order in which they were written.
    rows: Sequence[tuple[str, Interaction]]
    #: For each recommender's live histories: the latest rating of each pair of user and item.
    histories: Mapping[str, Mapping[Pair, float]]
    #: The jobs by id, for each gateway.
    views: Mapping[str, Mapping[str, JobSeen]]
    #: State and attempt of each job in the store.
    job_rows: Mapping[str, tuple[str, int]]
    #: For each watcher: the changes that it received, by stream offset, as job id and job.
    watched: Mapping[str, Mapping[int, tuple[str, str]]]
    #: The ids of the jobs that have dead letters.
    dead_letters: Sequence[str]
    #: The number of messages in each work queue. Delivered, unacknowledged ones count too.
    depths: Mapping[str, int]
    #: How often each service took the log for another one and read it again from the beginning.
    restarts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Findings:
    """One line for each contradiction."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    #: Places that must agree but don't.
    differing: tuple[str, ...] = ()

    @property
    def are_none(self) -> bool:
        return not any(astuple(self))

    def __add__(self, other: Findings) -> Findings:
        return Findings(*(mine + others for mine, others in zip(astuple(self), astuple(other), strict=True)))


def check(ledger: Ledger, observed: Observed) -> Findings:
    found = _check_effects(ledger.interactions, observed.rows) + _check_effects(ledger.jobs, _jobs_of(observed))
    differing = chain(
        _check_histories(ledger.interactions, observed),
        _check_views(observed),
        _check_endings(ledger.cancels, observed),
        _check_watchers(observed),
        (f"{depth} messages in {queue}" for queue, depth in observed.depths.items() if depth),
        (f"{name} read the log from its beginning {count} times without a reason" for name, count in observed.restarts.items() if count),
        ledger.violations,
    )
    return found + Findings(differing=tuple(differing))


def _check_effects(operations: Sequence[Operation[Content]], effects: Iterable[tuple[str, Content]]) -> Findings:
    """Each accepted operation must have one effect, each unknown one at most one, and there must be no others."""
    ids_of: defaultdict[Content, list[str]] = defaultdict(list)
    for effect_id, content in effects:
        ids_of[content].append(effect_id)
    by_content = {operation.content: operation for operation in operations}
    assert len(by_content) == len(operations), "two operations have the same content"
    return Findings(
        lost=tuple(f"{each.content}" for each in operations if each.outcome is Outcome.ACCEPTED and each.content not in ids_of),
        doubled=tuple(f"{content} as {ids}" for content, ids in ids_of.items() if len(ids) > 1),
        unexpected=tuple(f"{content} as {ids}" for content, ids in ids_of.items() if not _may_be(by_content.get(content), ids)),
    )


def _may_be(operation: Operation[Content] | None, ids: list[str]) -> bool:
    """Say whether an operation allows this effect, under the ids that its answers named."""
    return operation is not None and operation.outcome is not Outcome.REFUSED and operation.effect_ids <= set(ids)


def _check_histories(operations: Iterable[Operation[Interaction]], observed: Observed) -> Iterable[str]:
    """The store's rating of each pair must be one that can be the latest. Every recommender must have the same one."""
    can_be = _latest(operations)
    stored = {(row.user_id, row.item_id): row.rating for _, row in observed.rows}
    for pair in can_be.keys() | stored.keys():
        if stored.get(pair) not in can_be.get(pair, {None}):
            yield f"store: latest rating of {pair} is {stored.get(pair)}, and can be {can_be.get(pair)}"
    for name, history in observed.histories.items():
        for pair in stored.keys() | history.keys():
            if history.get(pair) != stored.get(pair):
                yield f"{name}: latest rating of {pair} is {history.get(pair)}, in the store {stored.get(pair)}"


def _latest(operations: Iterable[Operation[Interaction]]) -> dict[Pair, set[float | None]]:
    """Return the ratings that can be the latest of each pair. One without an answer may take effect later than those after it."""
    can_be: defaultdict[Pair, set[float | None]] = defaultdict(lambda: {None})
    unknown: defaultdict[Pair, set[float | None]] = defaultdict(set)
    for operation in operations:
        user_id, item_id, rating = operation.content
        pair = user_id, item_id
        if operation.outcome is Outcome.UNKNOWN:
            unknown[pair].add(rating)
            can_be[pair].add(rating)
        elif operation.outcome is Outcome.ACCEPTED:
            can_be[pair] = {rating, *unknown[pair]}
    return can_be


def _jobs_of(observed: Observed) -> list[tuple[str, Job]]:
    """Return each job that any gateway knows."""
    known = {job_id: seen.job for view in observed.views.values() for job_id, seen in view.items()}
    return list(known.items())


def _check_views(observed: Observed) -> Iterable[str]:
    """All gateways must return the same job, and the store the same final state."""
    ids = set(observed.job_rows).union(*observed.views.values())
    for job_id in sorted(ids):
        seen = {name: view.get(job_id) for name, view in observed.views.items()}
        if len(set(seen.values())) > 1:
            yield f"job {job_id}: {seen}"
        endings = {(each.state, each.attempts) for each in seen.values() if each}
        if endings != {observed.job_rows.get(job_id)}:
            yield f"job {job_id}: {endings} on the gateways, {observed.job_rows.get(job_id)} in the store"


def _check_watchers(observed: Observed) -> Iterable[str]:
    """Every watcher must have received every change. Its last one must match what the gateways return now."""
    for offset in sorted(set().union(*observed.watched.values())):
        seen = {name: changes.get(offset) for name, changes in observed.watched.items()}
        if len(set(seen.values())) > 1:
            yield f"change {offset} of the jobs: {seen}"
    now = {job_id: seen.body for view in observed.views.values() for job_id, seen in view.items()}
    for name, changes in observed.watched.items():
        last = dict(changes[offset] for offset in sorted(changes))
        yield from (
            f"{name}: job {job_id} is last {last.get(job_id)}, not {now[job_id]}" for job_id in now if last.get(job_id) != now[job_id]
        )


def _check_endings(cancels: set[str], observed: Observed) -> Iterable[str]:
    """Every job must have ended: as succeeded, as cancelled on request, or as failed with one dead letter."""
    dead = Counter(observed.dead_letters)
    for job_id, (state, _) in observed.job_rows.items():
        if state not in FINAL_STATES:
            yield f"job {job_id} is still {state}"
        if state == "cancelled" and job_id not in cancels:
            yield f"job {job_id} is cancelled without a request"
        if dead.pop(job_id, 0) != (state == "failed"):
            yield f"job {job_id} is {state}, which its dead letters contradict"
    yield from (f"a dead letter of job {job_id}, which the store doesn't know" for job_id in dead)
