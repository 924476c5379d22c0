"""Ratings as arrays: the latest rating of a pair, fingerprints, and the split of the evaluation protocol."""

import tracemalloc

import numpy as np
import pytest

from ml_service.model import ratings as ratings_module
from ml_service.model.ease import EASE
from ml_service.model.holdout import split_by_item
from ml_service.model.ratings import RatingWeights, latest_ratings_of, ratings_of

ROWS = [("u1", "a", 3.0), ("u1", "b", None), ("u2", "a", 5.0), ("u1", "a", 1.0)]


def test_the_last_rating_of_a_pair_counts_and_keeps_its_position() -> None:
    ratings = ratings_of(ROWS)

    assert ratings.id_pairs.tolist() == [["u1", "b"], ["u2", "a"], ["u1", "a"]]
    np.testing.assert_array_equal(ratings.ratings, [np.nan, 5.0, 1.0])


def test_the_latest_time_of_a_pair_counts_and_of_equal_times_the_last_row() -> None:
    rows = [("u1", "a", 3.0, 9), ("u1", "b", 2.0, 5), ("u2", "a", 5.0, 0), ("u1", "a", 1.0, 7), ("u1", "b", 4.0, 5)]

    ratings = latest_ratings_of(rows)

    assert ratings.id_pairs.tolist() == [["u1", "a"], ["u2", "a"], ["u1", "b"]]
    assert ratings.ratings.tolist() == [3.0, 5.0, 4.0]


def test_no_rows_give_no_ratings() -> None:
    assert len(ratings_of([])) == 0
    assert ratings_of([]).id_pairs.shape == (0, 2)


def test_a_fingerprint_changes_with_ids_ratings_and_order() -> None:
    plain = ratings_of(ROWS).fingerprint()

    assert ratings_of(ROWS).fingerprint() == plain
    assert ratings_of([*ROWS[:3], ("u1", "a", 1.5)]).fingerprint() != plain
    assert ratings_of([*ROWS[:3], ("u1", "aa", 1.0)]).fingerprint() != plain
    assert ratings_of([ROWS[2], *ROWS[:2], ROWS[3]]).fingerprint() != plain


def test_a_low_rating_counts_0_a_middling_one_a_part_and_no_rating_1() -> None:
    weights = RatingWeights(low_rating=1.5, full_rating=3.0).weigh(np.array([0.5, 1.5, 2.25, 3.0, 5.0, np.nan]))

    assert weights.tolist() == [0, 0, 0.5, 1, 1, 1]


def test_a_quarter_of_each_items_ratings_is_held_out() -> None:
    rows = [(f"u{user}", f"i{item}", 3.0) for user in range(40) for item in range(10) if user % (item + 1) == 0]
    ratings = ratings_of(rows)

    train, test = split_by_item(ratings, seed=42)

    assert len(train) + len(test) == len(ratings)
    counts = dict(zip(*np.unique(ratings.items, return_counts=True), strict=True))
    assert dict(zip(*np.unique(train.items, return_counts=True), strict=True)) == {item: round(0.75 * n) for item, n in counts.items()}
    assert {tuple(pair) for pair in train.id_pairs}.isdisjoint({tuple(pair) for pair in test.id_pairs})


def test_a_split_depends_on_its_seed_alone() -> None:
    ratings = ratings_of((f"u{user}", f"i{item}", 3.0) for user in range(20) for item in range(10))

    assert split_by_item(ratings, 1)[1].fingerprint() == split_by_item(ratings, 1)[1].fingerprint()
    assert split_by_item(ratings, 1)[1].fingerprint() != split_by_item(ratings, 2)[1].fingerprint()


def test_a_fit_on_codes_gives_the_model_of_a_fit_on_ids() -> None:
    ratings = ratings_of((f"u{user}", f"i{item}", 4.0) for user in range(12) for item in range(9) if (user * item) % 4 != 1)
    some = ratings.take(ratings.items != 3)

    by_code = EASE(l2=1.0).fit(some.pairs, some.ratings).to_model(some.item_ids)
    by_id = EASE(l2=1.0).fit(some.id_pairs, some.ratings).to_model()

    assert by_code.item_ids.tolist() == by_id.item_ids.tolist()
    np.testing.assert_array_equal(by_code.weights, by_id.weights)


def test_a_fingerprint_does_not_depend_on_how_many_rows_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ratings_of(ROWS).fingerprint()

    monkeypatch.setattr(ratings_module, "ROWS_AT_ONCE", 2)

    assert ratings_of(ROWS).fingerprint() == whole


def test_reading_takes_less_than_100_bytes_a_rating_at_its_peak() -> None:
    users, items, count = 20_000, 3_000, 200_000
    rows = ((f"user-{place % users}", f"item-{place * 7 % items}", 3.0, place) for place in range(count))

    tracemalloc.start()
    latest_ratings_of(rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100 * count


def test_the_ratings_of_all_items_are_no_copy() -> None:
    some = ratings_of([("u1", "a", 1.0), ("u2", "a", 2.0), ("u1", "b", 3.0)])

    assert some.of_popular_items(2) is some
    assert some.of_popular_items(1).id_pairs.tolist() == [["u1", "a"], ["u2", "a"]]
