"""The questions of the decision tool, the criteria with their scales, and measured figures. The schema of criteria.toml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

Option: TypeAlias = Literal["node", "python", "both"]
#: The lowest and the highest value that may be true.
Range: TypeAlias = tuple[float, float]
#: A range for each option, or the option whose draws it has.
Ranges: TypeAlias = dict[Option, Range | Option]

OPTIONS: tuple[Option, ...] = ("node", "python", "both")


class _Strict:
    """Makes pydantic reject unknown keys where it reads a class from a file."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class Answer(_Strict):
    id: str
    text: str
    #: The options that are impossible with this answer.
    excludes: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Question(_Strict):
    """A question of the form. The answers are in their natural order, as from none to many."""

    id: str
    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Criterion(_Strict):
    """A criterion has either `scores` or `factors` with `worst`."""

    id: str
    title: str
    #: The level of importance by question and answer. With several questions, the least level counts.
    importance: dict[str, dict[str, str]]
    #: What 0 or 1 means.
    scale: str
    reason: str
    scores: Ranges | None = None
    #: The need of each option, as a multiple of the reference.
    factors: Ranges | None = None
    #: The factor that scores 0.
    worst: float | None = None
    #: The claim of the lab, what its figure must be, and the options whose factors it replaces.
    claim: str | None = None
    figure: str | None = None
    measured: tuple[Option, ...] = ()
    #: What an article says.
    quotation: str | None = None


@dataclass(frozen=True, slots=True)
class Project(_Strict):
    """A typical project, as an example."""

    id: str
    title: str
    answers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Agenda(_Strict):
    """The authors' interest, when not to use their architecture, and what the tool doesn't ask."""

    statement: str
    when_not: tuple[str, ...]
    not_asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Questionnaire(_Strict):
    """The whole content of criteria.toml."""

    tie_margin: float
    #: The ranges of weights by level.
    levels: dict[str, Range]
    agenda: Agenda
    questions: tuple[Question, ...]
    criteria: tuple[Criterion, ...]
    projects: tuple[Project, ...] = ()

    def describe(self, question_id: str, answer_id: str) -> str:
        """Return an answer for people and for callers of the API: team = python (“Python”)."""
        answers = next(question.answers for question in self.questions if question.id == question_id)
        return f"{question_id} = {answer_id} (“{next(answer.text for answer in answers if answer.id == answer_id)}”)"


@dataclass(frozen=True, slots=True)
class Measurement:
    """The figure of a claim from a run of the lab."""

    figure: str
    unit: str
    value: float
    low: float
    high: float
    verdict: str
    command: str
    #: Where it was measured; a reference run isn't the reader's own.
    machine: str
    is_reference: bool
