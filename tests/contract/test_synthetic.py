"""The synthetic data of the growth benchmark: reproducible by seed, skewed, and with preferences that a model can learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.growth.growth_report import DRAWN, GrowthReport, Point
from benchmarks.planted import Planted
from benchmarks.planted import generate as generate_planted
from benchmarks.synthetic import Size, Synthetic, generate, write_csv
from ml_service.adapters.datasets.csv_import import read_csv
from ml_service.model.plan import plan_search
from ml_service.model.ratings import ratings_of
from ml_service.model.selection import search

if TYPE_CHECKING:
    from pathlib import Path

SIZE = Size(users=600, items=200, per_user=25)


@pytest.fixture(scope="module")
def made() -> Synthetic:
    return generate(SIZE)


def test_a_seed_gives_the_same_data_and_another_seed_other_data(made: Synthetic) -> None:
    again, other = generate(SIZE), generate(Size(users=600, items=200, per_user=25, seed=7))

    assert list(again.interactions()) == list(made.interactions())
    assert list(other.interactions()) != list(made.interactions())


def test_the_data_has_the_requested_size_and_no_pair_twice(made: Synthetic) -> None:
    pairs = set(zip(made.users.tolist(), made.items.tolist(), strict=True))

    assert len(pairs) == len(made.users)
    assert 0.6 * SIZE.users * SIZE.per_user < len(pairs) < 1.2 * SIZE.users * SIZE.per_user
    assert (made.users.max(), len(list(made.catalogue()))) == (SIZE.users - 1, SIZE.items)


def test_a_few_items_have_most_of_the_interactions(made: Synthetic) -> None:
    counts = np.sort(np.bincount(made.items, minlength=SIZE.items))[::-1]

    assert counts[: SIZE.items // 5].sum() > 0.4 * counts.sum()


def test_a_model_finds_the_planted_preferences(made: Synthetic) -> None:
    ratings = ratings_of((row.user_id, row.item_id, row.rating) for row in made.interactions())

    measured = search(ratings, plan_search(["item_knn", "popularity"], ratings.sizes, 2, 1), lambda _: None).best_of_each
    found = {row.configuration.estimator: row.ndcg for row in measured}

    assert found["item_knn"] > 1.5 * found["popularity"]


def test_planted_histories_are_reproducible_without_doubles_and_favour_few_items() -> None:
    size = Planted(users=300, items=200, per_user=10)

    planted, again = generate_planted(size), generate_planted(size)

    counts = np.sort(np.bincount(planted.items))[::-1]
    assert planted.fingerprint() == again.fingerprint()
    assert len({tuple(pair) for pair in planted.pairs.tolist()}) == len(planted)
    assert planted.sizes.users == size.users
    assert counts[:40].sum() > 0.4 * counts.sum()


def test_the_files_can_be_imported(made: Synthetic, tmp_path: Path) -> None:
    write_csv(made, tmp_path)

    imported = read_csv(tmp_path / "interactions.csv", tmp_path / "items.csv")

    assert [(row.user_id, row.item_id, row.rating) for row in imported.interactions] == [
        (row.user_id, row.item_id, row.rating) for row in made.interactions()
    ]
    assert imported.items == tuple(made.catalogue())


def test_the_report_draws_what_grew_and_where_the_design_stops(tmp_path: Path) -> None:
    figures = {name: 2.0 for names in DRAWN.values() for name in names}
    points = [Point({"users": users, "items": items}, "ease", figures) for users, items in ((1000, 500), (3000, 500), (1000, 2000))]
    report = GrowthReport({"processor": "<two> cores"}, points, 60.0)

    page = report.save(tmp_path, "growth").read_text("utf-8")

    assert page.count("<svg") == 2 * len(DRAWN)
    assert "no process takes more than 4 GB" in page
    assert "no process takes more than 4 GB" in report.as_text()
