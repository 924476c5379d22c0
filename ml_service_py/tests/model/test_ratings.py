"""Ratings as arrays: the latest rating of a pair, fingerprints, and the split of the evaluation protocol."""

import numpy as np

from ml_service.model.holdout import split_by_item
from ml_service.model.ratings import RatingWeights, latest_ratings_of, ratings_of

ROWS = [("u1", "a", 3.0), ("u1", "b", None), ("u2", "a", 5.0), ("u1", "a", 1.0)]


def test_the_last_rating_of_a_pair_counts_and_keeps_its_position() -> None:
    ratings = ratings_of(ROWS)

    assert ratings.pairs.tolist() == [["u1", "b"], ["u2", "a"], ["u1", "a"]]
    np.testing.assert_array_equal(ratings.ratings, [np.nan, 5.0, 1.0])


def test_the_latest_time_of_a_pair_counts_and_of_equal_times_the_last_row() -> None:
    rows = [("u1", "a", 3.0, 9), ("u1", "b", 2.0, 5), ("u2", "a", 5.0, 0), ("u1", "a", 1.0, 7), ("u1", "b", 4.0, 5)]

    ratings = latest_ratings_of(rows)

    assert ratings.pairs.tolist() == [["u1", "a"], ["u2", "a"], ["u1", "b"]]
    assert ratings.ratings.tolist() == [3.0, 5.0, 4.0]


def test_no_rows_give_no_ratings() -> None:
    assert len(ratings_of([])) == 0
    assert ratings_of([]).pairs.shape == (0, 2)


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
    counts = dict(zip(*np.unique(ratings.item_ids, return_counts=True), strict=True))
    assert dict(zip(*np.unique(train.item_ids, return_counts=True), strict=True)) == {item: round(0.75 * n) for item, n in counts.items()}
    assert {tuple(pair) for pair in train.pairs}.isdisjoint({tuple(pair) for pair in test.pairs})


def test_a_split_depends_on_its_seed_alone() -> None:
    ratings = ratings_of((f"u{user}", f"i{item}", 3.0) for user in range(20) for item in range(10))

    assert split_by_item(ratings, 1)[1].fingerprint() == split_by_item(ratings, 1)[1].fingerprint()
    assert split_by_item(ratings, 1)[1].fingerprint() != split_by_item(ratings, 2)[1].fingerprint()
