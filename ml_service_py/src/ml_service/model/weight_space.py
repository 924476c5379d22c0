"""Scores Node, Python and both for a project: an additive model on absolute scales, with uncertain weights (SMAA).

Each sample draws a weight for every criterion, and a score for every option, from their ranges. An option's share is the part of the
samples in which its weighted sum is the highest: the rank acceptability index of Lahdelma, Hokkanen and Salminen, "SMAA", European Journal
of Operational Research 106 (1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml_service.model.questionnaire import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from ml_service.model.questionnaire import Criterion, Measurement, Option, Questionnaire, Range, Ranges

    #: One number for each sample, or for each sample and more.
    Samples = NDArray[np.float64]

#: The standard error of a share is 1.1 percentage points or less.
SAMPLES = 2000
#: Fixed, so that the same answers always have the same shares.
SEED = 1
#: An interval leaves out this part of the samples at each end.
TAIL = 0.05


@dataclass(frozen=True, slots=True)
class OptionResult:
    """The share of the samples that the option wins, and its weighted sum: the mean, and an interval of 90 % of the samples."""

    option: Option
    share: float
    low: float
    mean: float
    high: float


class WeightSpace:
    """Samples of the weights and scores that may be true. All answers meet the same draws, so a difference comes from the answers."""

    def __init__(self, questionnaire: Questionnaire, measurements: Mapping[str, Measurement]) -> None:
        self._criteria = questionnaire.criteria
        generator = np.random.default_rng(SEED)
        #: The scores by sample, criterion and option.
        self.scores: Samples = np.stack([_draw_scores(criterion, measurements, generator) for criterion in self._criteria], axis=1)
        self._weight_draws = generator.random((SAMPLES, len(self._criteria)))
        # The answer that a question without an answer has in each sample, by its position.
        guesses = {question.id: generator.integers(len(question.answers), size=SAMPLES) for question in questionnaire.questions}
        self._importance = [_importance(questionnaire, criterion, guesses) for criterion in self._criteria]

    def weights(self, answers: Mapping[str, str]) -> Samples:
        """Return the weights by sample and criterion. The sum of each sample is 1."""
        ranges = [_least([by_answer[answers.get(question)] for question, by_answer in row.items()]) for row in self._importance]
        lows, highs = np.stack(ranges, axis=2).swapaxes(0, 1)
        weights = lows + (highs - lows) * self._weight_draws
        normalised: Samples = weights / weights.sum(axis=1, keepdims=True)
        return normalised

    def sums(self, answers: Mapping[str, str]) -> Samples:
        """Return the weighted sums by sample and option."""
        sums: Samples = (self.weights(answers)[:, None, :] @ self.scores)[:, 0, :]
        return sums

    def leads(self, answers: Mapping[str, str], option: Option, rival: Option) -> list[float]:
        """Return by how much each criterion puts the option before the rival, on average: positive values speak for the option."""
        difference = self.scores[:, :, OPTIONS.index(option)] - self.scores[:, :, OPTIONS.index(rival)]
        return [float(lead) for lead in (self.weights(answers) * difference).mean(axis=0)]


def shares(sums: Samples, possible: Collection[Option]) -> dict[Option, float]:
    """Return the part of the samples in which each possible option is the best, the largest first. Equally good options share a sample."""
    kept = [option for option in OPTIONS if option in possible]
    columns = sums[:, [OPTIONS.index(option) for option in kept]]
    is_best = columns == columns.max(axis=1, keepdims=True)
    parts = (is_best / is_best.sum(axis=1, keepdims=True)).mean(axis=0).tolist()
    return dict(sorted(zip(kept, parts, strict=True), key=lambda row: -row[1]))


def winners(parts: Mapping[Option, float], tie_margin: float) -> tuple[Option, ...]:
    """Return the option with the largest share, and those that tie with it."""
    largest = max(parts.values())
    return tuple(option for option, part in parts.items() if part == largest or largest - part < tie_margin)


def results(sums: Samples, parts: Mapping[Option, float]) -> tuple[OptionResult, ...]:
    lows, highs = np.quantile(sums, (TAIL, 1 - TAIL), axis=0).tolist()
    means = sums.mean(axis=0).tolist()
    return tuple(
        OptionResult(option, part, *(row[OPTIONS.index(option)] for row in (lows, means, highs))) for option, part in parts.items()
    )


def _importance(
    questionnaire: Questionnaire, criterion: Criterion, guesses: Mapping[str, NDArray[np.int64]]
) -> dict[str, dict[str | None, Samples]]:
    """Return the range of the weight in each sample, by question and answer. None stands for a question without an answer."""
    importance: dict[str, dict[str | None, Samples]] = {}
    for question in questionnaire.questions:
        if question.id in criterion.importance:
            levels = [questionnaire.levels[criterion.importance[question.id][answer.id]] for answer in question.answers]
            importance[question.id] = {
                answer.id: np.broadcast_to(np.array(level), (SAMPLES, 2)) for answer, level in zip(question.answers, levels, strict=True)
            }
            importance[question.id][None] = np.array(levels)[guesses[question.id]]
    return importance


def _least(ranges: list[Samples]) -> Samples:
    least: Samples = np.minimum.reduce(ranges)
    return least


def _draw_scores(criterion: Criterion, measurements: Mapping[str, Measurement], generator: np.random.Generator) -> Samples:
    """Return the scores of a criterion by sample and option."""
    ranges, draws = _ranges(criterion, measurements), generator.random((SAMPLES, len(OPTIONS)))
    scores = np.empty_like(draws)
    for column, option in enumerate(OPTIONS):
        given = ranges[option]
        source = given if isinstance(given, str) else option
        low, high = _own_range(ranges, source)
        drawn = draws[:, OPTIONS.index(source)]
        scores[:, column] = low + (high - low) * drawn if criterion.worst is None else _score(low, high, drawn, criterion.worst)
    return scores


def _ranges(criterion: Criterion, measurements: Mapping[str, Measurement]) -> Ranges:
    if criterion.factors is None:
        return criterion.scores or {}
    measurement = measurements.get(criterion.claim or "")
    if measurement is None or measurement.unit != "ratio" or measurement.low <= 0:
        return criterion.factors
    return {**criterion.factors, **dict.fromkeys(criterion.measured, (measurement.low, measurement.high))}


def _own_range(ranges: Ranges, option: Option) -> Range:
    given = ranges[option]
    if isinstance(given, str):
        raise TypeError(f"{option} has the draws of {given}, which must have a range of its own.")
    return given


def _score(low: float, high: float, draws: Samples, worst: float) -> Samples:
    """Return the scores of factors between `low` and `high`: 0.5 for 1, 0 for `worst`, 1 for 1/`worst`. Equal ratios are equal steps."""
    logs = np.log(low) + (np.log(high) - np.log(low)) * draws
    score: Samples = np.clip(0.5 - 0.5 * logs / np.log(worst), 0, 1)
    return score
