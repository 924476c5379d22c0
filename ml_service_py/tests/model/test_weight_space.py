"""The decision model: absolute scales, shares of the weight space, no rank reversal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml_service.model.questionnaire import OPTIONS, Agenda, Answer, Criterion, Measurement, Question, Questionnaire
from ml_service.model.weight_space import WeightSpace, results, shares, winners

FAST = Criterion(
    "fast", "", {"speed": {"no": "none", "yes": "much"}}, "", "", scores={"node": (1, 1), "python": (0, 0), "both": (0.5, 0.5)}
)
SMART = Criterion(
    "smart", "", {"models": {"no": "none", "yes": "much"}}, "", "", scores={"node": (0, 0), "python": (1, 1), "both": "python"}
)
SPEED, MODELS = (Question(name, "", (Answer("no", ""), Answer("yes", ""))) for name in ("speed", "models"))
#: Two criteria of equal importance, of which each speaks for another option.
SYMMETRIC = Questionnaire(0.25, {"none": (0, 0), "much": (1, 9)}, Agenda("", (), ()), (SPEED, MODELS), (FAST, SMART))


def with_criteria(*criteria: Criterion) -> Questionnaire:
    return replace(SYMMETRIC, criteria=criteria)


def factor_criterion(low: float, high: float) -> Criterion:
    factors = {"node": (1.0, 1.0), "python": (low, high), "both": "node"}
    return replace(FAST, scores=None, factors=factors, worst=4.0, claim="claim", measured=("python",))


def mean_scores(criterion: Criterion, **measurements: Measurement) -> dict[str, float]:
    scores = WeightSpace(with_criteria(criterion), measurements).scores[:, 0, :].mean(axis=0)
    return dict(zip(OPTIONS, scores.tolist(), strict=True))


def test_a_criterion_that_nobody_needs_weighs_nothing() -> None:
    space = WeightSpace(SYMMETRIC, {})

    weights = space.weights({"speed": "yes", "models": "no"})

    assert weights.tolist() == [[1, 0]] * len(weights)


def test_an_option_wins_the_weight_space_in_which_its_criterion_weighs_more() -> None:
    sums = WeightSpace(SYMMETRIC, {}).sums({"speed": "yes", "models": "yes"})

    parts = shares(sums, OPTIONS)

    # Node wins where `fast` weighs more than twice as much as `smart`: 12.25 of the 64 unit squares of the weights from 1 to 9.
    assert parts == pytest.approx({"node": 12.25 / 64, "python": 0, "both": 1 - 12.25 / 64}, abs=0.03)


def test_removing_an_option_changes_neither_the_order_nor_the_sums_of_the_others() -> None:
    sums = WeightSpace(SYMMETRIC, {}).sums({"speed": "yes", "models": "yes"})

    alone = results(sums, shares(sums, ["node", "python"]))

    everyone = {row.option: row for row in results(sums, shares(sums, OPTIONS))}
    assert [(row.option, row.mean) for row in alone] == [(row.option, everyone[row.option].mean) for row in alone]


def test_equally_good_options_share_a_sample() -> None:
    same = Criterion("same", "", FAST.importance, "", "", scores={"node": (0.2, 0.8), "python": "node", "both": "node"})

    sums = WeightSpace(with_criteria(same), {}).sums({"speed": "yes", "models": "yes"})

    assert list(shares(sums, OPTIONS).values()) == pytest.approx([1 / 3] * 3)


def test_a_question_without_an_answer_counts_each_answer_as_equally_likely() -> None:
    space = WeightSpace(SYMMETRIC, {})

    known = shares(space.sums({"speed": "yes", "models": "no"}), OPTIONS)
    unknown = shares(space.sums({"speed": "yes"}), OPTIONS)

    assert known["node"] == 1
    assert unknown["node"] == pytest.approx((1 + 12.25 / 64) / 2, abs=0.03)


def test_with_two_questions_the_least_important_one_counts() -> None:
    joint = replace(FAST, importance={**FAST.importance, **SMART.importance})
    space = WeightSpace(with_criteria(joint, SMART), {})

    weights = space.weights({"speed": "no", "models": "yes"})

    assert np.all(weights[:, 0] == 0)


@pytest.mark.parametrize(("factor", "score"), [(1.0, 0.5), (2.0, 0.25), (4.0, 0.0), (8.0, 0.0), (0.25, 1.0)])
def test_a_factor_has_its_place_on_an_absolute_scale(factor: float, score: float) -> None:
    scores = mean_scores(factor_criterion(factor, factor))

    assert scores == pytest.approx({"node": 0.5, "python": score, "both": 0.5})


def test_a_measured_ratio_replaces_the_assumed_factor_and_no_other_figure_does() -> None:
    measurement = Measurement("", "ratio", 1.0, 1.0, 1.0, "", "", "", is_reference=False)

    assert mean_scores(factor_criterion(2, 4), claim=measurement)["python"] == 0.5
    assert mean_scores(factor_criterion(4, 4), claim=replace(measurement, unit="MB"))["python"] == 0
    assert mean_scores(factor_criterion(4, 4), claim=replace(measurement, low=0))["python"] == 0


@pytest.mark.parametrize(("second", "tied"), [(0.3, ("node",)), (0.4, ("node", "python"))])
def test_options_with_nearly_equal_shares_tie(second: float, tied: tuple[str, ...]) -> None:
    assert winners({"node": 0.6, "python": second}, tie_margin=0.25) == tied


def test_the_same_answers_always_have_the_same_shares() -> None:
    first, second = (WeightSpace(SYMMETRIC, {}).sums({"speed": "yes"}) for _ in range(2))

    assert np.array_equal(first, second)
