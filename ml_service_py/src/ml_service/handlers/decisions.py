"""Decides between Node, Python and both for a project: the recommendation, its sensitivity, and the evidence of each criterion."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from ml_service.errors import InvalidArgument
from ml_service.handlers.decision_evidence import Evidence, cite
from ml_service.model import weight_space
from ml_service.model.questionnaire import OPTIONS
from ml_service.model.weight_space import WeightSpace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ml_service.model.questionnaire import Answer, Criterion, Measurement, Option, Question, Questionnaire
    from ml_service.model.weight_space import OptionResult, Samples

#: Reports are short: the criteria that speak most for the leader, and for its rival.
ARGUMENTS_MAX = 3
#: A smaller lead is no argument.
LEAD_MIN = 0.005
#: The search for the smallest change tries this many changed answers at once, at most.
CHANGES_MAX = 2


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """The mean weight of a criterion (all weights sum to 1), and by how much it puts the leader before the rival."""

    criterion: Criterion
    weight: float
    lead: float
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Change:
    """The smallest change of answers that leads to another recommendation."""

    answers: dict[str, str]
    winner: Option


@dataclass(frozen=True, slots=True)
class Decision:
    """`winners` has the recommended option; more than one is a tie. `options` are those that the answers allow, the largest share first."""

    answers: dict[str, str]
    winners: tuple[Option, ...]
    options: tuple[OptionResult, ...]
    #: The answers that exclude an option.
    excluded: dict[Option, tuple[str, ...]]
    #: Criteria that weigh anything, the strongest argument for the leader first.
    criteria: tuple[CriterionResult, ...]
    change: Change | None
    unknowns: tuple[str, ...]
    #: The criteria that favour this project's own architecture: no option beats `both`, and it beats one.
    favouring: tuple[Criterion, ...]

    @property
    def arguments(self) -> tuple[tuple[CriterionResult, ...], tuple[CriterionResult, ...]]:
        """The criteria that decided: those that speak most for the leader, and those that speak most for its rival."""
        leading = [result for result in self.criteria if result.lead >= LEAD_MIN]
        trailing = [result for result in reversed(self.criteria) if result.lead <= -LEAD_MIN]
        return tuple(leading[:ARGUMENTS_MAX]), tuple(trailing[:ARGUMENTS_MAX])


class Decisions:
    """The use case. It holds the processor for up to 0.3 s, so call it on a thread."""

    def __init__(self, questionnaire: Questionnaire, read_measurements: Callable[[], Mapping[str, Measurement]]) -> None:
        self.questionnaire = questionnaire
        self._questions = {question.id: question for question in questionnaire.questions}
        self._read_measurements = read_measurements

    def decide(self, answers: Mapping[str, str]) -> Decision:
        """Return the decision. Raise InvalidArgument (REQUEST_INVALID) for no answers, unknown ones, or ones that exclude every option."""
        self._require_known(answers)
        excluded = self._exclusions(answers)
        if len(excluded) == len(OPTIONS):
            causes = sorted({cause for causes in excluded.values() for cause in causes})
            named = " and ".join(self.questionnaire.describe(cause, answers[cause]) for cause in causes)
            raise InvalidArgument("REQUEST_INVALID", f"The answers contradict each other: {named} leave no option. Change one of them.")
        measurements = self._read_measurements()
        space = WeightSpace(self.questionnaire, measurements)
        sums = space.sums(answers)
        results = weight_space.results(sums, self._shares(sums, answers))
        winners = self._winners(space, answers)
        criteria = tuple(self._criteria(space, answers, results, measurements))
        return Decision(
            answers=dict(answers),
            winners=winners,
            options=results,
            excluded=excluded,
            criteria=criteria,
            change=self._smallest_change(space, answers, winners),
            unknowns=tuple(self._unknowns(answers, criteria)),
            favouring=tuple(self._favouring(space)),
        )

    def _require_known(self, answers: Mapping[str, str]) -> None:
        if not answers:
            raise InvalidArgument("REQUEST_INVALID", f"There is no answer. Answer at least one of: {', '.join(self._questions)}.")
        for question_id, answer_id in answers.items():
            question = self._questions.get(question_id)
            if question is None:
                raise InvalidArgument("REQUEST_INVALID", f"There is no question {question_id!r}. Use one of: {', '.join(self._questions)}.")
            ids = [answer.id for answer in question.answers]
            if answer_id not in ids:
                raise InvalidArgument("REQUEST_INVALID", f"{question_id} has no answer {answer_id!r}. Use one of: {', '.join(ids)}.")

    def _exclusions(self, answers: Mapping[str, str]) -> dict[Option, tuple[str, ...]]:
        causes: dict[Option, tuple[str, ...]] = {}
        for question_id, answer_id in answers.items():
            for option in _answer(self._questions[question_id], answer_id).excludes:
                causes[option] = (*causes.get(option, ()), question_id)
        return causes

    def _shares(self, sums: Samples, answers: Mapping[str, str]) -> dict[Option, float]:
        excluded = self._exclusions(answers)
        return weight_space.shares(sums, [option for option in OPTIONS if option not in excluded])

    def _winners(self, space: WeightSpace, answers: Mapping[str, str]) -> tuple[Option, ...]:
        return weight_space.winners(self._shares(space.sums(answers), answers), self.questionnaire.tie_margin)

    def _criteria(
        self, space: WeightSpace, answers: Mapping[str, str], results: Sequence[OptionResult], measurements: Mapping[str, Measurement]
    ) -> Iterator[CriterionResult]:
        leader, rival = results[0].option, results[min(1, len(results) - 1)].option
        rows = zip(self._weights(space, answers), space.leads(answers, leader, rival), strict=True)
        for (criterion, weight), lead in sorted(rows, key=lambda row: -row[1]):
            if weight > 0:
                yield CriterionResult(criterion, weight, lead, cite(criterion, measurements))

    def _weights(self, space: WeightSpace, answers: Mapping[str, str]) -> list[tuple[Criterion, float]]:
        return list(zip(self.questionnaire.criteria, space.weights(answers).mean(axis=0).tolist(), strict=True))

    def _smallest_change(self, space: WeightSpace, answers: Mapping[str, str], winners: tuple[Option, ...]) -> Change | None:
        """Try every other answer, then every pair of them. Among equally many changes, the fewest steps count.

        Answers that would exclude an option aren't tried: a new must always changes the recommendation.
        """
        steps = [
            (question.id, answer.id, _distance(question, answers.get(question.id), answer.id))
            for question in self.questionnaire.questions
            for answer in question.answers
            if answer.id != answers.get(question.id) and not answer.excludes
        ]
        for count in range(1, CHANGES_MAX + 1):
            for chosen in sorted(combinations(steps, count), key=lambda row: sum(distance for _, _, distance in row)):
                changed = {question_id: answer_id for question_id, answer_id, _ in chosen}
                new_winners = self._winners(space, {**answers, **changed})
                if len(changed) == count and len(new_winners) == 1 and new_winners != winners:
                    return Change(changed, new_winners[0])
        return None

    def _unknowns(self, answers: Mapping[str, str], criteria: Sequence[CriterionResult]) -> Iterator[str]:
        if unanswered := [question.text for question in self.questionnaire.questions if question.id not in answers]:
            yield f"Not answered, so every answer counts as equally likely: {' '.join(unanswered)}"
        unmeasured = [row.criterion.title for row in criteria if row.criterion.claim and not row.evidence.is_measured]
        if unmeasured:
            yield f"Not measured, so the range of scores is an assumption: {'; '.join(unmeasured)}. Run “make lab” to measure them."
        yield from self.questionnaire.agenda.not_asked

    def _favouring(self, space: WeightSpace) -> Iterator[Criterion]:
        scores = space.scores.mean(axis=0).round(2)
        both = scores[:, OPTIONS.index("both"), None]
        favours = (both >= scores).all(axis=1) & (both > scores).any(axis=1)
        return (criterion for criterion, is_favourable in zip(self.questionnaire.criteria, favours, strict=True) if is_favourable)


def _answer(question: Question, answer_id: str) -> Answer:
    return next(answer for answer in question.answers if answer.id == answer_id)


def _distance(question: Question, current: str | None, other: str) -> int:
    """Return the steps between two answers in their natural order. A missing answer is one step from each."""
    ids = [answer.id for answer in question.answers]
    return 1 if current is None else abs(ids.index(current) - ids.index(other))
