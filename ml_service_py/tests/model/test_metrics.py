"""The metrics against numbers computed by hand."""

import numpy as np
import pytest

from ml_service.model.metrics import metrics_of, ranking_metrics
from ml_service.model.popularity import Popularity


def hits(*ranks: int) -> list[bool]:
    return [rank in ranks for rank in range(1, 11)]


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
