"""Holds what was observed of the stack to the ledger. Pure: it asks nobody."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from harness.soak.ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.soak.ledger import Content, Interaction, Job, Ledger, Wish

Pair = tuple[str, str]
FINAL_STATES = {"succeeded", "failed", "cancelled"}


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A job as one gateway tells it."""

    job: Job
    state: str
    attempts: int
    #: All that the view tells, to be compared with the others.
    told: str


@dataclass(frozen=True, slots=True)
class Observed:
    """The stack after it has healed and drained."""

    #: The rows of the store in the order in which they were written.
    rows: Sequence[tuple[str, Interaction]]
    #: The latest rating of each pair, by who says so: the live histories of each recommender.
    histories: Mapping[str, Mapping[Pair, float]]
    #: The jobs by id, by gateway.
    views: Mapping[str, Mapping[str, JobSeen]]
    #: State and attempt of each job in the store.
    job_rows: Mapping[str, tuple[str, int]]
    #: By watcher the changes that it was told, by their offset: which job, and what it had become.
    watched: Mapping[str, Mapping[int, tuple[str, str]]]
    #: The jobs whose messages are dead letters.
    dead_letters: Sequence[str]
    #: Messages in the queues of work, delivered ones as well.
    depths: Mapping[str, int]
    #: How often each service took the log for another one, and read all of it again.
    restarts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Findings:
    """A line for each thing that is wrong."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    #: Places that should tell the same and don't.
    differing: tuple[str, ...] = ()

    @property
    def are_none(self) -> bool:
        return not (self.lost or self.doubled or self.unexpected or self.differing)

    def __add__(self, other: Findings) -> Findings:
        return Findings(
            self.lost + other.lost,
            self.doubled + other.doubled,
            self.unexpected + other.unexpected,
            self.differing + other.differing,
        )


def check(ledger: Ledger, observed: Observed) -> Findings:
    found = _check_effects(ledger.interactions, observed.rows) + _check_effects(ledger.jobs, _jobs_of(observed))
    differing = chain(
        _check_histories(ledger.interactions, observed),
        _check_views(observed),
        _check_endings(ledger.cancels, observed),
        _check_watchers(observed),
        (f"{depth} messages in {queue}" for queue, depth in observed.depths.items() if depth),
        (f"{name} started over {count} times, and the log was never another" for name, count in observed.restarts.items() if count),
        ledger.complaints,
    )
    return found + Findings(differing=tuple(differing))


def _check_effects(wishes: Sequence[Wish[Content]], effects: Iterable[tuple[str, Content]]) -> Findings:
    """Effects must be those of every accepted wish and of any unknown ones, each once."""
    ids_of: defaultdict[Content, list[str]] = defaultdict(list)
    for effect_id, content in effects:
        ids_of[content].append(effect_id)
    wished = {wish.content: wish for wish in wishes}
    assert len(wished) == len(wishes), "two wishes have the same content"
    return Findings(
        lost=tuple(f"{wish.content}" for wish in wishes if wish.outcome is Outcome.ACCEPTED and wish.content not in ids_of),
        doubled=tuple(f"{content} as {ids}" for content, ids in ids_of.items() if len(ids) > 1),
        unexpected=tuple(f"{content} as {ids}" for content, ids in ids_of.items() if not _may_be(wished.get(content), ids)),
    )


def _may_be(wish: Wish[Content] | None, ids: list[str]) -> bool:
    """Whether somebody wants such an effect, under the id that the answers named."""
    return wish is not None and wish.outcome is not Outcome.REFUSED and wish.effect_ids <= set(ids)


def _check_histories(wishes: Iterable[Wish[Interaction]], observed: Observed) -> Iterable[str]:
    """Every place must have one of the ratings that can be a pair's latest, and all of them the same one."""
    can_be = _latest(wishes)
    stored = {(row.user_id, row.item_id): row.rating for _, row in observed.rows}
    for pair in can_be.keys() | stored.keys():
        if stored.get(pair) not in can_be.get(pair, {None}):
            yield f"store: latest rating of {pair} is {stored.get(pair)}, and can be {can_be.get(pair)}"
    for name, history in observed.histories.items():
        for pair in stored.keys() | history.keys():
            if history.get(pair) != stored.get(pair):
                yield f"{name}: latest rating of {pair} is {history.get(pair)}, in the store {stored.get(pair)}"


def _latest(wishes: Iterable[Wish[Interaction]]) -> dict[Pair, set[float | None]]:
    """A request without an answer may be carried out at any time, so later than those that follow it."""
    can_be: defaultdict[Pair, set[float | None]] = defaultdict(lambda: {None})
    unknown: defaultdict[Pair, set[float | None]] = defaultdict(set)
    for wish in wishes:
        user_id, item_id, rating = wish.content
        pair = user_id, item_id
        if wish.outcome is Outcome.UNKNOWN:
            unknown[pair].add(rating)
            can_be[pair].add(rating)
        elif wish.outcome is Outcome.ACCEPTED:
            can_be[pair] = {rating, *unknown[pair]}
    return can_be


def _jobs_of(observed: Observed) -> list[tuple[str, Job]]:
    """Each job that any gateway knows."""
    known = {job_id: seen.job for view in observed.views.values() for job_id, seen in view.items()}
    return list(known.items())


def _check_views(observed: Observed) -> Iterable[str]:
    """Every gateway must tell the same of every job, and the store the same ending."""
    ids = set(observed.job_rows).union(*observed.views.values())
    for job_id in sorted(ids):
        seen = {name: view.get(job_id) for name, view in observed.views.items()}
        if len(set(seen.values())) > 1:
            yield f"job {job_id}: {seen}"
        endings = {(each.state, each.attempts) for each in seen.values() if each}
        if endings != {observed.job_rows.get(job_id)}:
            yield f"job {job_id}: {endings} on the gateways, {observed.job_rows.get(job_id)} in the store"


def _check_watchers(observed: Observed) -> Iterable[str]:
    """Every watcher must have been told every change, and last what the gateways tell now."""
    for offset in sorted(set().union(*observed.watched.values())):
        told = {name: changes.get(offset) for name, changes in observed.watched.items()}
        if len(set(told.values())) > 1:
            yield f"change {offset} of the jobs: {told}"
    now = {job_id: seen.told for view in observed.views.values() for job_id, seen in view.items()}
    for name, changes in observed.watched.items():
        last = dict(changes[offset] for offset in sorted(changes))
        yield from (
            f"{name}: job {job_id} ended as {last.get(job_id)}, not as {now[job_id]}" for job_id in now if last.get(job_id) != now[job_id]
        )


def _check_endings(cancels: set[str], observed: Observed) -> Iterable[str]:
    """Every job must have ended: well, because somebody asked for it, or as one dead letter."""
    dead = Counter(observed.dead_letters)
    for job_id, (state, _) in observed.job_rows.items():
        if state not in FINAL_STATES:
            yield f"job {job_id} is still {state}"
        if state == "cancelled" and job_id not in cancels:
            yield f"job {job_id} is cancelled, and nobody asked for it"
        if dead.pop(job_id, 0) != (state == "failed"):
            yield f"job {job_id} is {state}, and its dead letters don't say so"
    yield from (f"a dead letter of job {job_id}, which the store doesn't know" for job_id in dead)
