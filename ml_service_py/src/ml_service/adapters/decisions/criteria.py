"""Reads criteria.toml: its types by pydantic, and whether its names fit each other."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from ml_service.model.questionnaire import OPTIONS, Criterion, Questionnaire

if TYPE_CHECKING:
    from collections.abc import Iterator

CRITERIA = Path(__file__).with_name("criteria.toml")


def read_criteria(path: Path = CRITERIA) -> Questionnaire:
    """Return the questions and criteria. Raise ValueError with every mistake in the file."""
    questionnaire = TypeAdapter(Questionnaire).validate_python(tomllib.loads(path.read_text("utf-8")))
    if mistakes := list(_mistakes(questionnaire)):
        raise ValueError("\n".join([f"{path.name} isn't usable. Correct it:", *mistakes]))
    return questionnaire


def _mistakes(questionnaire: Questionnaire) -> Iterator[str]:
    answers = {question.id: {answer.id for answer in question.answers} for question in questionnaire.questions}
    for criterion in questionnaire.criteria:
        yield from (f"{criterion.id}: {mistake}" for mistake in _mistakes_of_criterion(criterion))
        for question, levels in criterion.importance.items():
            if set(levels) != answers.get(question):
                yield f"{criterion.id}: `importance` must name each answer of the question {question} once."
            if unknown := set(levels.values()) - set(questionnaire.levels):
                yield f"{criterion.id}: no level is called {', '.join(sorted(unknown))}."
    for project in questionnaire.projects:
        if set(project.answers) != set(answers) or any(answer not in answers[question] for question, answer in project.answers.items()):
            yield f"{project.id}: a typical project answers each question once."


def _mistakes_of_criterion(criterion: Criterion) -> Iterator[str]:
    ranges = criterion.factors if criterion.worst is not None else criterion.scores
    if (criterion.scores is None) == (criterion.factors is None) or ranges is None:
        yield "Give either `scores`, or `factors` with `worst`."
    elif set(ranges) != set(OPTIONS):
        yield f"Give a range to each of {', '.join(OPTIONS)}."
    elif any(isinstance(given, str) and isinstance(ranges[given], str) for given in ranges.values()):
        yield "An option can only have the draws of an option with a range of its own."
