"""The use case evaluate, on planted data; the published figures on real data are in test_movielens_quality."""

from itertools import accumulate

import numpy as np
import pytest

from ml_service.domain import Progress
from ml_service.errors import InvalidArgument
from ml_service.handlers.evaluation import EvaluateParams, EvaluationRow, evaluate, to_csv, to_table
from ml_service.model import cross_validation
from ml_service.model.ratings import Ratings, ratings_of


def checkerboard(size: int = 24) -> Ratings:
    return ratings_of((f"u{user}", f"i{item}", 4.0) for user in range(size) for item in range(user % 2, size, 2))


def ignore(progress: Progress) -> None:
    pass


@pytest.fixture(scope="module")
def rows() -> tuple[EvaluationRow, ...]:
    return evaluate(checkerboard(), EvaluateParams(("popularity", "item_knn")), ignore)


def test_the_estimator_that_fits_the_pattern_comes_first_and_is_selected(rows: tuple[EvaluationRow, ...]) -> None:
    assert [(row.configuration.estimator, row.is_selected) for row in rows] == [("item_knn", True), ("popularity", False)]
    assert rows[0].metrics["recall_at_10"] == 1.0
    assert rows[0].metrics["ndcg_at_10"] > rows[1].metrics["ndcg_at_10"] + 0.2


def test_the_table_and_the_file_hold_the_same_rows(rows: tuple[EvaluationRow, ...]) -> None:
    table, file = to_table(rows).splitlines(), to_csv(rows).splitlines()

    assert file[0] == (
        "estimator,params,selected,map,ndcg_at_10,ndcg_at_10_interval,precision_at_10,recall_at_10,coverage_at_10,popularity_bias,lead,lead_interval"
    )
    assert table[1].startswith("item_knn*")
    assert file[1].startswith("item_knn,n_neighbors=")
    assert f"{rows[1].metrics['map']:.4f}" in table[2]
    assert f"{rows[1].metrics['map']:.6f}" in file[2]


def test_each_row_but_the_last_says_whether_its_lead_is_clear(rows: tuple[EvaluationRow, ...]) -> None:
    first, last = rows

    assert first.lead is not None
    assert first.lead.mean == pytest.approx(first.metrics["ndcg_at_10"] - last.metrics["ndcg_at_10"])
    assert to_table(rows).splitlines()[1].endswith(", clear")
    assert last.lead is None
    assert to_csv(rows).splitlines()[2].endswith(",,")


def test_on_noise_no_estimator_leads_clearly() -> None:
    cells = np.argwhere(np.random.default_rng(3).random((60, 30)) < 0.3)
    ratings = ratings_of((f"u{user}", f"i{item}", 4.0) for user, item in cells.tolist())

    first, _ = evaluate(ratings, EvaluateParams(("item_knn", "popularity")), ignore)

    assert first.lead is not None
    assert not first.lead.is_clear
    assert ", unclear" in to_table([first])


def test_it_ranks_for_no_more_users_than_a_search_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cross_validation, "USERS_MAX", 7)

    rows = evaluate(checkerboard(), EvaluateParams(("item_knn", "popularity")), ignore)

    assert [len(row.quality.users) for row in rows] == [7, 7]


def test_progress_rises_to_the_end() -> None:
    heard: list[Progress] = []

    evaluate(checkerboard(), EvaluateParams(("popularity",)), heard.append)

    assert [progress.percent for progress in heard] == sorted(progress.percent for progress in heard)
    assert heard[-1].percent == 100
    assert heard[-1].step == "Tested popularity; best so far: popularity"


def test_progress_has_the_best_figure_so_far_also_where_another_estimator_was_selected() -> None:
    cells = np.argwhere(np.random.default_rng(3).random((60, 30)) < 0.3)
    heard: list[Progress] = []

    rows = evaluate(ratings_of((f"u{user}", f"i{item}", 4.0) for user, item in cells.tolist()), EvaluateParams(), heard.append)

    figures = [row.metrics["ndcg_at_10"] for row in rows]
    assert figures[0] < max(figures)
    assert [progress.metrics["ndcg_at_10"] for progress in heard[-len(rows) :]] == list(accumulate(figures, max))
    best = rows[figures.index(max(figures))].configuration.estimator
    assert heard[-1].step == f"Tested {rows[-1].configuration.estimator}; best so far: {best}"


def test_data_without_anything_to_hold_out_is_refused() -> None:
    ratings = ratings_of((f"u{place}", f"i{place}", 4.0) for place in range(10))

    with pytest.raises(InvalidArgument, match="no item has two ratings"):
        evaluate(ratings, EvaluateParams(), ignore)
