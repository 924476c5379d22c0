"""The metrics against numbers computed by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ml_service.model.metrics import Quality, difference, half_width, join, metrics_by_user, ranking_metrics, ranking_quality
from ml_service.model.popularity import Popularity


def hits(*ranks: int) -> list[bool]:
    return [rank in ranks for rank in range(1, 11)]


def metrics_of(hits: NDArray[np.bool_], relevant_counts: NDArray[np.int64]) -> dict[str, float]:
    return {name: float(values.mean()) for name, values in metrics_by_user(hits, relevant_counts).items()}


def quality(ndcg: dict[str, float]) -> Quality:
    values = np.array(list(ndcg.values()))
    return Quality({"ndcg_at_10": float(values.mean())}, np.array(list(ndcg)), values)


def test_hits_at_ranks_one_and_three_of_four_relevant_items() -> None:
    metrics = metrics_of(np.array([hits(1, 3)]), np.array([4]))

    assert metrics["precision_at_10"] == pytest.approx(2 / 10)
    assert metrics["recall_at_10"] == pytest.approx(2 / 4)
    assert metrics["map"] == pytest.approx((1 / 1 + 2 / 3) / 4)
    # 1/log2(2) + 1/log2(4), over the same at the ranks 1 to 4: 1 + 0.63093 + 0.5 + 0.43068
    assert metrics["ndcg_at_10"] == pytest.approx(1.5 / 2.56161, abs=1e-5)


def test_ten_hits_give_an_ndcg_of_1_even_if_more_items_are_relevant() -> None:
    metrics = metrics_of(np.array([hits(*range(1, 11))]), np.array([40]))

    assert metrics == pytest.approx({"ndcg_at_10": 1.0, "map": 10 / 40, "precision_at_10": 1.0, "recall_at_10": 10 / 40})


def test_a_user_without_a_hit_counts_as_0() -> None:
    both = metrics_of(np.array([hits(1), hits()]), np.array([1, 1]))

    assert both == pytest.approx({"ndcg_at_10": 0.5, "map": 0.5, "precision_at_10": 0.05, "recall_at_10": 0.5})


def test_users_and_items_that_the_fit_did_not_see_count() -> None:
    popularity = Popularity().fit([("1", "a"), ("1", "b"), ("2", "a")])

    metrics = ranking_metrics(popularity, np.array([("2", "b"), ("stranger", "a"), ("stranger", "new")]))

    assert metrics["precision_at_10"] == pytest.approx((1 + 1) / 2 / 10)
    assert metrics["recall_at_10"] == pytest.approx((1 + 1 / 2) / 2)


def test_the_interval_is_95_percent_of_the_means_of_samples_of_users() -> None:
    means = np.random.default_rng(1).normal(0.4, 0.2, (4000, 100)).mean(axis=1)

    share = np.mean(np.abs(means - 0.4) <= half_width(np.random.default_rng(2).normal(0.4, 0.2, 100_000)) * np.sqrt(1000))

    assert share == pytest.approx(0.95, abs=0.01)


def test_one_user_tells_nothing_about_others() -> None:
    assert half_width(np.array([0.7])) == 1


def test_a_small_difference_that_all_users_share_is_clear_and_one_between_users_is_not() -> None:
    one = quality({"a": 0.1, "b": 0.5, "c": 0.9})

    shared = difference(quality({"a": 0.12, "b": 0.52, "c": 0.91}), one)
    mixed = difference(quality({"a": 0.9, "b": 0.5, "c": 0.2}), one)

    assert (shared.mean, shared.is_clear) == (pytest.approx(0.05 / 3), True)
    assert (mixed.mean, mixed.is_clear, mixed.is_not_clearly_worse) == (pytest.approx(0.1 / 3), False, True)


def test_only_a_clear_loss_is_clearly_worse() -> None:
    one = quality({"a": 0.1, "b": 0.5, "c": 0.9})

    assert not difference(quality({"a": 0.08, "b": 0.48, "c": 0.87}), one).is_not_clearly_worse
    assert difference(quality({"a": 0.2, "b": 0.3, "c": 0.9}), one).is_not_clearly_worse
    assert difference(quality({"a": 0.2, "b": 0.6, "c": 1.0}), one).is_not_clearly_worse


def test_qualities_of_different_users_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different users"):
        difference(quality({"a": 0.1}), quality({"b": 0.1}))


def test_joined_folds_count_each_user_once() -> None:
    joined = join([quality({"a": 0.2, "b": 0.4}), quality({"b": 0.6, "c": 0.8})])

    assert joined.users.tolist() == ["a", "b", "c"]
    assert joined.ndcg == pytest.approx([0.2, 0.5, 0.8])
    assert joined.metrics == pytest.approx({"ndcg_at_10": 0.5, "ndcg_at_10_interval": half_width(np.array([0.2, 0.5, 0.8]))})


def test_the_same_popular_items_for_everyone_give_a_low_coverage_and_a_high_popularity_bias() -> None:
    pairs = [(f"u{user}", f"i{item:02}") for user in range(40) for item in range(40) if item <= user // 2]
    popularity = Popularity().fit(pairs)

    metrics = ranking_quality(popularity, np.array([(f"stranger-{user}", "i00") for user in range(5)])).metrics

    counts = np.bincount([int(item[1:]) for _, item in pairs])
    chosen_by_users = np.mean([counts[int(item[1:])] for _, item in pairs])
    assert metrics["coverage_at_10"] == 10 / len(counts)
    assert metrics["popularity_bias"] == pytest.approx(np.sort(counts)[-10:].mean() / chosen_by_users)
