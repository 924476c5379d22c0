"""The decision tool: the typical projects' answers with their sensitivity, the evidence, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ml_service.adapters.decisions.criteria import read_criteria
from ml_service.errors import InvalidArgument
from ml_service.handlers import decision_words
from ml_service.handlers.decisions import Decisions
from ml_service.model.questionnaire import Measurement

if TYPE_CHECKING:
    from ml_service.handlers.decisions import CriterionResult, Decision
    from ml_service.model.questionnaire import Option

QUESTIONNAIRE = read_criteria()
PROJECTS = {project.id: project.answers for project in QUESTIONNAIRE.projects}
#: Without figures of a lab, so that a new reference run doesn't change these tests.
UNMEASURED = Decisions(QUESTIONNAIRE, dict)
MEMORY = Measurement(
    "memory, Python ÷ Node", "ratio", 1.02, 1.0, 1.04, "does not hold", "make lab ONLY=memory", "2 cores", is_reference=False
)


def measured(**measurements: Measurement) -> Decisions:
    return Decisions(QUESTIONNAIRE, lambda: {claim.replace("_", "-"): measurement for claim, measurement in measurements.items()})


def shares(decision: Decision) -> dict[Option, int]:
    return {row.option: round(100 * row.share) for row in decision.options}


def criterion(decision: Decision, name: str) -> CriterionResult:
    return next(row for row in decision.criteria if row.criterion.id == name)


@pytest.mark.parametrize(
    ("project", "winners", "share", "change"),
    [
        ("chat", {"node"}, 100, ({"team": "python"}, "python")),
        ("live-dashboard", {"node"}, 95, ({"data": "pipelines"}, "python")),
        ("recommender", {"both"}, 83, ({"compute": "plain"}, "node")),
        ("crud-api", {"node", "python"}, 50, ({"connections": "hundreds"}, "node")),
        ("etl", {"python"}, 100, ({"team": "javascript"}, "node")),
        ("streaming-platform", {"both", "python"}, 60, ({"connections": "hundreds"}, "python")),
        ("ml-api", {"python"}, 100, None),
        ("webhook-integrator", {"node"}, 93, ({"team": "python"}, "python")),
    ],
)
def test_a_typical_project_has_this_answer_and_this_smallest_change(
    project: str, winners: set[Option], share: int, change: tuple[dict[str, str], Option] | None
) -> None:
    decision = UNMEASURED.decide(PROJECTS[project])

    assert set(decision.winners) == winners
    assert decision.options[0].share * 100 == pytest.approx(share, abs=1)
    assert (decision.change and (decision.change.answers, decision.change.winner)) == change


@pytest.mark.parametrize("project", sorted(PROJECTS.keys() - {"ml-api"}))
def test_the_smallest_change_leads_to_the_answer_that_it_names(project: str) -> None:
    change = UNMEASURED.decide(PROJECTS[project]).change

    assert change is not None
    assert UNMEASURED.decide({**PROJECTS[project], **change.answers}).winners == (change.winner,)


def test_every_typical_project_is_pinned() -> None:
    assert len(PROJECTS) == 8


def test_a_tie_says_so_and_names_both_options() -> None:
    decision = UNMEASURED.decide(PROJECTS["crud-api"])

    assert decision_words.headline(decision) == "A tie: Node or Python. The answers don't decide between them."
    assert decision.arguments == ((), ())


def test_the_order_of_the_answers_changes_nothing() -> None:
    answers = PROJECTS["recommender"]

    backwards = UNMEASURED.decide(dict(reversed(answers.items())))

    assert backwards.options == UNMEASURED.decide(answers).options


def test_the_criteria_that_decided_explain_the_lead() -> None:
    decision = UNMEASURED.decide(PROJECTS["recommender"])
    leader, rival = decision.options[:2]

    leading, trailing = decision.arguments

    assert [row.criterion.id for row in leading] == ["idle-connections", "isolation", "requests"]
    assert [row.criterion.id for row in trailing] == ["one-runtime", "first-version", "hop"]
    assert sum(row.lead for row in decision.criteria) == pytest.approx(leader.mean - rival.mean)
    assert sum(row.weight for row in decision.criteria) == pytest.approx(1)


def test_without_answers_it_asks_for_one() -> None:
    with pytest.raises(InvalidArgument, match=r"There is no answer\. Answer at least one of: connections, compute, "):
        UNMEASURED.decide({})


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"colour": "red"}, "There is no question 'colour'. Use one of: connections, "),
        ({"load": "huge"}, "load has no answer 'huge'. Use one of: low, medium, high."),
    ],
)
def test_an_unknown_question_or_answer_is_named(answers: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidArgument) as error:
        UNMEASURED.decide(answers)

    assert str(error.value).startswith(sentence)


def test_answers_that_leave_no_option_contradict_each_other() -> None:
    with pytest.raises(InvalidArgument) as error:
        UNMEASURED.decide({"libraries": "both", "single_language": "must"})

    assert str(error.value) == (
        "The answers contradict each other: libraries = both (“Yes, one of each”) and single_language = must (“It must be one”)"
        " leave no option. Change one of them."
    )


def test_a_must_excludes_the_options_without_it() -> None:
    decision = UNMEASURED.decide({**PROJECTS["chat"], "libraries": "pypi"})

    assert decision.excluded == {"node": ("libraries",)}
    assert "node" not in shares(decision)


def test_a_question_without_an_answer_is_reported_as_unknown() -> None:
    answers = {question: answer for question, answer in PROJECTS["chat"].items() if question != "load"}

    decision = UNMEASURED.decide(answers)

    assert decision.unknowns[0] == "Not answered, so every answer counts as equally likely: Which load do you expect at the peak?"


def test_without_a_lab_run_each_criterion_cites_an_article_or_says_that_it_is_a_judgement() -> None:
    decision = UNMEASURED.decide(PROJECTS["chat"])

    cited = criterion(decision, "idle-connections").evidence
    assert (cited.source, cited.text) == ("article", "Not measured. The article: “Memory Usage per Connection: Higher | Lower”")
    assert criterion(decision, "typing").evidence.source == "judgement"
    assert any(
        line.startswith("Not measured, so the range of scores is an assumption: Memory of open connections;") for line in decision.unknowns
    )


def test_a_figure_of_the_own_run_is_cited_with_its_interval_and_command() -> None:
    decision = measured(idle_connection_memory=MEMORY).decide(PROJECTS["chat"])

    evidence = criterion(decision, "idle-connections").evidence
    assert (evidence.source, evidence.command) == ("own-run", "make lab ONLY=memory")
    assert evidence.text == "Your lab run: memory, Python ÷ Node: 1.02 (1 to 1.04). The claim: does not hold"


def test_a_figure_of_the_reference_run_is_marked_with_its_machine() -> None:
    decision = measured(idle_connection_memory=replace(MEMORY, is_reference=True)).decide(PROJECTS["chat"])

    evidence = criterion(decision, "idle-connections").evidence
    assert evidence.source == "reference-run"
    assert evidence.text.startswith("Reference run (2 cores): ")


def test_a_measured_ratio_replaces_the_assumed_one() -> None:
    assumed = UNMEASURED.decide(PROJECTS["chat"])
    decision = measured(idle_connection_memory=MEMORY).decide(PROJECTS["chat"])

    assert criterion(decision, "idle-connections").lead < criterion(assumed, "idle-connections").lead / 5


def test_the_agenda_names_the_criteria_that_favour_the_hybrid() -> None:
    favouring = {row.id for row in UNMEASURED.decide(PROJECTS["chat"]).favouring}

    assert favouring >= {"idle-connections", "model-libraries", "isolation"}
    assert favouring.isdisjoint({"one-runtime", "first-version", "hop", "typing"})


def test_the_record_has_the_headings_of_madr_and_cites_the_figures() -> None:
    decision = measured(idle_connection_memory=MEMORY).decide(PROJECTS["chat"])

    record = decision_words.record(decision, QUESTIONNAIRE)

    headings = [line for line in record.splitlines() if line.startswith("#")]
    assert headings == [
        "# Write the back end in Node",
        "## Context and Problem Statement",
        "## Decision Drivers",
        "## Considered Options",
        "## Decision Outcome",
        "### Consequences",
        "### Confirmation",
        "## More Information",
    ]
    assert "1.02 (1 to 1.04). The claim: does not hold (`make lab ONLY=memory`)" in record
    assert "Don't use this project's architecture if one language does the whole work" in record
