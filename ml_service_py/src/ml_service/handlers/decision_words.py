"""Writes a decision in words: a summary, and an architecture decision record in the form of MADR (https://adr.github.io/madr/)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ml_service.handlers.decisions import CriterionResult, Decision
    from ml_service.model.questionnaire import Option, Question, Questionnaire

NAMES: dict[Option, str] = {"node": "Node", "python": "Python", "both": "both"}


def headline(decision: Decision) -> str:
    if len(decision.winners) > 1:
        return f"A tie: {' or '.join(NAMES[winner] for winner in decision.winners)}. The answers don't decide between them."
    return {"node": "Node.", "python": "Python.", "both": "Both: Node in front, Python behind it."}[decision.winners[0]]


def summary(decision: Decision, questionnaire: Questionnaire) -> list[str]:
    """Return the decision as sentences: shares, reasons, sensitivity."""
    return [
        headline(decision),
        _shares(decision, questionnaire),
        *_reasons(decision),
        _sensitivity(decision, questionnaire),
    ]


def report(decision: Decision, questionnaire: Questionnaire) -> list[str]:
    """Return all that the tool says, line by line."""
    return [
        *summary(decision, questionnaire),
        "",
        *(f"{NAMES[row.option]:<8}{row.mean:.2f} of 1 ({row.low:.2f} to {row.high:.2f})" for row in decision.options),
        "",
        "Evidence, the strongest argument first:",
        *(f"- {row.criterion.title}: {_cite(row)}" for row in decision.criteria),
        "",
        "Not known:",
        *_bullets(decision.unknowns),
        "",
        _agenda(decision, questionnaire),
        *_bullets(questionnaire.agenda.when_not),
    ]


def record(decision: Decision, questionnaire: Questionnaire) -> str:
    """Return the decision as a Markdown page. It cites the figure or the sentence behind each criterion."""
    title = " or ".join({**NAMES, "both": "Node and Python"}[winner] for winner in decision.winners)
    outcome = " ".join([f"Chosen: {headline(decision)}", _shares(decision, questionnaire), *_reasons(decision)])
    sections = {
        f"# Write the back end in {title}": ["Status: proposed"],
        "## Context and Problem Statement": [
            "Which language should the back end have: Node, Python, or both? These are the requirements:",
            "",
            *(f"- {question.text} {_answer_text(question, decision)}" for question in questionnaire.questions),
        ],
        "## Decision Drivers": [f"- {row.criterion.title} ({_percent(row.weight)} of the weight)" for row in _by_weight(decision.criteria)],
        "## Considered Options": [*_bullets(NAMES.values())],
        "## Decision Outcome": [outcome],
        "### Consequences": [*_consequences(decision)],
        "### Confirmation": [
            _sensitivity(decision, questionnaire),
            "Build a small prototype in each option, measure it, and decide again.",
        ],
        "## More Information": [*_more_information(decision, questionnaire)],
    }
    return "\n\n".join("\n".join([heading, "", *lines]) for heading, lines in sections.items()) + "\n"


def _consequences(decision: Decision) -> Iterator[str]:
    for row in itertools.chain(*decision.arguments):
        yield f"- {'Good' if row.lead > 0 else 'Bad'}, {row.criterion.title}: {row.criterion.reason}"


def _more_information(decision: Decision, questionnaire: Questionnaire) -> Iterator[str]:
    yield "| criterion | weight | lead | evidence |"
    yield "| --- | --- | --- | --- |"
    yield from map(_evidence_row, decision.criteria)
    yield f"\nThe lead is that of {NAMES[decision.options[0].option]} over the next option. Not known:\n"
    yield from _bullets(decision.unknowns)
    yield f"\n{_agenda(decision, questionnaire)}\n"
    yield from _bullets(questionnaire.agenda.when_not)


def _shares(decision: Decision, questionnaire: Questionnaire) -> str:
    """Return the share of each option, and why an option is impossible."""
    shares = ", ".join(f"{NAMES[result.option]} in {_percent(result.share)}" for result in decision.options)
    sentences = [f"The best under the weights and scores that fit the answers: {shares} of them."]
    for option, causes in decision.excluded.items():
        named = " and ".join(questionnaire.describe(cause, decision.answers[cause]) for cause in causes)
        sentences.append(f"{NAMES[option].capitalize()} is impossible with {named}.")
    return " ".join(sentences)


def _reasons(decision: Decision) -> Iterator[str]:
    if len(decision.options) == 1:
        return
    leader, rival = (NAMES[result.option] for result in decision.options[:2])
    leading, trailing = decision.arguments
    if leading:
        yield f"For {leader} rather than {rival}: {_titles(leading)}."
    if trailing:
        yield f"For {rival}: {_titles(trailing)}."


def _sensitivity(decision: Decision, questionnaire: Questionnaire) -> str:
    if decision.change is None:
        return "No change of one or two answers leads to another recommendation."
    changes = [questionnaire.describe(*change) for change in decision.change.answers.items()]
    return f"The smallest change that leads to another recommendation: with {' and '.join(changes)} it is {NAMES[decision.change.winner]}."


def _answer_text(question: Question, decision: Decision) -> str:
    given = decision.answers.get(question.id)
    return next((f"**{answer.text}**" for answer in question.answers if answer.id == given), "Not answered.")


def _evidence_row(result: CriterionResult) -> str:
    evidence = _cite(result).replace("|", "\\|")
    return f"| {result.criterion.title} | {_percent(result.weight)} | {result.lead:+.2f} | {evidence} |"


def _cite(result: CriterionResult) -> str:
    command = f" (`{result.evidence.command}`)" if result.evidence.command else ""
    return f"{result.evidence.text}{command}."


def _agenda(decision: Decision, questionnaire: Questionnaire) -> str:
    favouring = "; ".join(criterion.title for criterion in decision.favouring)
    return f"{questionnaire.agenda.statement} These criteria favour it: {favouring}."


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"


def _titles(results: Iterable[CriterionResult]) -> str:
    return "; ".join(result.criterion.title for result in results)


def _by_weight(results: Iterable[CriterionResult]) -> list[CriterionResult]:
    return sorted(results, key=lambda result: -result.weight)


def _bullets(lines: Iterable[str]) -> Iterator[str]:
    return (f"- {line}" for line in lines)
