"""The soak's checker finds planted faults. A check that can't fail proves nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.soak.checker import Findings, JobSeen, Observed, check
from harness.soak.ledger import Answer, Interaction, Job, Ledger, Outcome

FIRST, SECOND, UNANSWERED, REFUSED = (Interaction("ann", "50", rating) for rating in (1.0, 2.0, 3.0, 9.0))
EXPORT, EVALUATION = Job("export", '{"limit": 1}'), Job("evaluate", '{"seed": 7}')
PAIR = ("ann", "50")
CHANGES = {0: ("j1", "queued"), 1: ("j1", "running"), 3: ("j1", "succeeded")}


def answer(outcome: Outcome, effect_id: str | None = None) -> Answer:
    return Answer(0.0, 0.0, outcome, effect_id)


@pytest.fixture
def ledger() -> Ledger:
    """Two accepted ratings of one pair, between them one without an answer; a refused one; a job that was accepted at the second try."""
    ledger = Ledger()
    ledger.add_interaction(FIRST).answers.append(answer(Outcome.ACCEPTED, "i1"))
    ledger.add_interaction(UNANSWERED).answers.append(answer(Outcome.UNKNOWN))
    ledger.add_interaction(SECOND).answers.append(answer(Outcome.ACCEPTED, "i2"))
    ledger.add_interaction(REFUSED).answers.append(answer(Outcome.REFUSED))
    ledger.add_job(EXPORT).answers.extend([answer(Outcome.UNKNOWN), answer(Outcome.ACCEPTED, "j1")])
    return ledger


@pytest.fixture
def observed() -> Observed:
    """The correct state of the stack if the request without an answer had no effect."""
    return Observed(
        rows=[("i1", FIRST), ("i2", SECOND)],
        histories={"recommender-1": {PAIR: 2.0}, "recommender-2": {PAIR: 2.0}},
        views={"gateway-1": {"j1": seen()}, "gateway-2": {"j1": seen()}},
        job_rows={"j1": ("succeeded", 1)},
        watched={"watcher-1": CHANGES, "watcher-2": CHANGES},
        dead_letters=[],
        depths={"jobs": 0, "jobs.retry.1": 0},
        restarts={"recommender": 0},
    )


def seen(job: Job = EXPORT, state: str = "succeeded", attempts: int = 1, body: str = "succeeded") -> JobSeen:
    return JobSeen(job, state, attempts, body)


def with_job(observed: Observed, job_id: str, job: JobSeen) -> Observed:
    views = {name: {**view, job_id: job} for name, view in observed.views.items()}
    return replace(observed, views=views, job_rows={**observed.job_rows, job_id: (job.state, job.attempts)})


def test_a_correct_stack_has_no_findings(ledger: Ledger, observed: Observed) -> None:
    assert check(ledger, observed) == Findings()


@pytest.mark.parametrize("place", [1, 2])
def test_a_request_without_an_answer_may_take_effect_at_any_time(ledger: Ledger, observed: Observed, place: int) -> None:
    rows = [*observed.rows]
    rows.insert(place, ("i3", UNANSWERED))
    latest = {PAIR: rows[-1][1].rating}

    found = check(ledger, replace(observed, rows=rows, histories={"recommender-1": latest, "recommender-2": latest}))

    assert found.are_none


def test_an_accepted_interaction_that_is_nowhere_is_lost(ledger: Ledger, observed: Observed) -> None:
    found = check(ledger, replace(observed, rows=observed.rows[1:]))

    assert len(found.lost) == 1
    assert str(FIRST) in found.lost[0]


def test_an_interaction_written_under_two_ids_is_doubled(ledger: Ledger, observed: Observed) -> None:
    found = check(ledger, replace(observed, rows=[("i0", FIRST), *observed.rows]))

    assert len(found.doubled) == 1


def test_a_request_without_an_answer_may_take_effect_only_once(ledger: Ledger, observed: Observed) -> None:
    found = check(ledger, replace(observed, rows=[("i3", UNANSWERED), ("i4", UNANSWERED), *observed.rows]))

    assert len(found.doubled) == 1


@pytest.mark.parametrize(
    "row",
    [("i9", REFUSED), ("i9", Interaction("nobody", "50", 1.0))],
    ids=["refused", "without a request"],
)
def test_an_effect_without_an_accepted_request_is_unexpected(ledger: Ledger, observed: Observed, row: tuple[str, Interaction]) -> None:
    assert len(check(ledger, replace(observed, rows=[row, *observed.rows])).unexpected) == 1


def test_an_effect_under_another_id_than_the_answers_is_unexpected(ledger: Ledger, observed: Observed) -> None:
    found = check(ledger, replace(observed, rows=[("other", FIRST), observed.rows[1]]))

    assert len(found.unexpected) == 1


def test_a_recommender_whose_history_ends_earlier_differs(ledger: Ledger, observed: Observed) -> None:
    found = check(ledger, replace(observed, histories={**observed.histories, "recommender-2": {PAIR: 1.0}}))

    assert len(found.differing) == 1
    assert found.differing[0].startswith("recommender-2")


def test_a_store_whose_latest_rating_is_an_older_one_differs(ledger: Ledger, observed: Observed) -> None:
    early = {PAIR: 1.0}

    found = check(ledger, replace(observed, rows=observed.rows[::-1], histories={"recommender-1": early, "recommender-2": early}))

    assert len(found.differing) == 1
    assert found.differing[0].startswith("store")


def test_an_accepted_job_that_no_gateway_knows_is_lost(ledger: Ledger, observed: Observed) -> None:
    found = check(ledger, replace(observed, views={"gateway-1": {}, "gateway-2": {}}, job_rows={}))

    assert len(found.lost) == 1


def test_a_job_made_twice_by_one_key_is_doubled(ledger: Ledger, observed: Observed) -> None:
    assert len(check(ledger, with_job(observed, "j2", seen())).doubled) == 1


def test_a_job_without_a_request_is_unexpected(ledger: Ledger, observed: Observed) -> None:
    assert len(check(ledger, with_job(observed, "j2", seen(EVALUATION))).unexpected) == 1


def test_gateways_that_return_a_job_differently_differ(ledger: Ledger, observed: Observed) -> None:
    views = {**observed.views, "gateway-1": {"j1": seen(body="another step")}}

    assert len(check(ledger, replace(observed, views=views)).differing) == 1


@pytest.mark.parametrize("row", [("succeeded", 2), ("failed", 1)])
def test_a_store_with_another_final_state_differs(ledger: Ledger, observed: Observed, row: tuple[str, int]) -> None:
    assert check(ledger, replace(observed, job_rows={"j1": row})).differing


def test_a_job_that_never_ended_differs(ledger: Ledger, observed: Observed) -> None:
    assert len(check(ledger, with_job(observed, "j1", seen(state="running"))).differing) == 1


def test_a_job_cancelled_without_a_request_differs(ledger: Ledger, observed: Observed) -> None:
    cancelled = with_job(observed, "j1", seen(state="cancelled"))

    assert len(check(ledger, cancelled).differing) == 1
    ledger.cancels.add("j1")
    assert check(ledger, cancelled).are_none


@pytest.mark.parametrize(("dead_letters", "expected"), [([], 1), (["j1"], 0), (["j1", "j1"], 1), (["j1", "j9"], 1)])
def test_a_failed_job_has_one_dead_letter(ledger: Ledger, observed: Observed, dead_letters: list[str], expected: int) -> None:
    failed = with_job(observed, "j1", seen(state="failed"))

    assert len(check(ledger, replace(failed, dead_letters=dead_letters)).differing) == expected


def test_a_dead_letter_of_a_job_that_succeeded_differs(ledger: Ledger, observed: Observed) -> None:
    assert len(check(ledger, replace(observed, dead_letters=["j1"])).differing) == 1


def test_a_queue_with_remaining_work_differs(ledger: Ledger, observed: Observed) -> None:
    assert len(check(ledger, replace(observed, depths={"jobs": 0, "jobs.retry.1": 1})).differing) == 1


def test_a_reader_that_restarted_from_the_beginning_of_the_log_differs(ledger: Ledger, observed: Observed) -> None:
    assert len(check(ledger, replace(observed, restarts={"recommender": 1})).differing) == 1


@pytest.mark.parametrize("change", [{}, {1: ("j1", "cancelled")}], ids=["nothing", "something else"])
def test_a_watcher_that_missed_a_change_differs(ledger: Ledger, observed: Observed, change: dict[int, tuple[str, str]]) -> None:
    received = {0: CHANGES[0], 3: CHANGES[3], **change}

    found = check(ledger, replace(observed, watched={**observed.watched, "watcher-2": received}))

    assert len(found.differing) == 1


def test_watchers_whose_last_change_isnt_the_current_job_differ(ledger: Ledger, observed: Observed) -> None:
    early = {0: CHANGES[0]}

    found = check(ledger, replace(observed, watched={"watcher-1": early, "watcher-2": early}))

    assert len(found.differing) == 2


def test_an_answer_that_ignores_an_interaction_below_its_offset_differs(ledger: Ledger, observed: Observed) -> None:
    ledger.violations.append("an answer")

    assert len(check(ledger, observed).differing) == 1
