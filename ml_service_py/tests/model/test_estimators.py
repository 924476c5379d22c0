"""Every estimator gives the known answer on planted data, keeps scikit-learn's contract, and ignores the names and order of rows."""

import numpy as np
import pytest
from matrices import dense
from planted import SIZE, checkerboard, name
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold

from ml_service.model.ease import EASE
from ml_service.model.item_item import ItemItemEstimator
from ml_service.model.item_knn import ItemKNN
from ml_service.model.metrics import ndcg_scorer
from ml_service.model.popularity import Popularity
from ml_service.model.scoring import history_of, recommend
from ml_service.model.sparse_ease import SparseEASE
from ml_service.model.svd import SVD

PERSONAL = [
    EASE(l2=1.0),
    EASE(l2=1.0, rank=4),
    SparseEASE(l2=1.0, n_neighbors=9),
    SVD(n_components=2, random_state=0),
    ItemKNN(n_neighbors=9, shrinkage=1.0),
]
ALL = [*PERSONAL, Popularity()]
for_each_personal = pytest.mark.parametrize("estimator", PERSONAL, ids=lambda estimator: type(estimator).__name__)
for_each = pytest.mark.parametrize("estimator", ALL, ids=lambda estimator: type(estimator).__name__)


def fitted(estimator: ItemItemEstimator) -> ItemItemEstimator:
    data = checkerboard()
    return clone(estimator).fit(data.id_pairs, data.ratings)


@for_each_personal
def test_the_withheld_item_of_each_user_comes_first(estimator: ItemItemEstimator) -> None:
    estimator = fitted(estimator)

    rankings = recommend(estimator.to_model(), estimator.histories(estimator.user_ids_), [1] * SIZE)

    assert [estimator.item_ids_[ranking.indexes[0]] for ranking in rankings] == [name(user) for user in range(SIZE)]


@for_each_personal
def test_items_of_the_other_colour_score_lower(estimator: ItemItemEstimator) -> None:
    scores = fitted(estimator).predict([("00", "00"), ("00", "01"), ("00", "19")])

    assert scores[0] > scores[1] + 0.1
    assert scores[0] > scores[2] + 0.1


@for_each
def test_seen_items_are_left_out_even_if_the_limit_exceeds_the_catalogue(estimator: ItemItemEstimator) -> None:
    estimator = fitted(estimator)
    histories = estimator.histories(estimator.user_ids_)

    rankings = recommend(estimator.to_model(), histories, [1000] * SIZE)

    for history, ranking in zip(histories, rankings, strict=True):
        assert sorted([*history.indexes, *ranking.indexes]) == list(range(SIZE))


@for_each
def test_other_names_and_another_order_of_rows_change_no_score(estimator: ItemItemEstimator) -> None:
    data = checkerboard()
    rows = np.random.default_rng(1).permutation(len(data))
    users, items = data.id_pairs.T
    renamed = np.column_stack([np.char.add("u", users), np.char.add("i", items)])

    plain = clone(estimator).fit(data.id_pairs, data.ratings)
    other = clone(estimator).fit(renamed[rows], data.ratings[rows])

    np.testing.assert_allclose(dense(other.weights_), dense(plain.weights_), atol=1e-5)
    np.testing.assert_allclose(other.popularity_, plain.popularity_)


@for_each
def test_ids_may_be_numbers(estimator: ItemItemEstimator) -> None:
    data = checkerboard()

    numbered = clone(estimator).fit(data.id_pairs.astype(int), data.ratings)

    np.testing.assert_array_equal(dense(numbered.weights_), dense(fitted(estimator).weights_))


@for_each
def test_the_last_rating_of_a_pair_counts(estimator: ItemItemEstimator) -> None:
    data = checkerboard()
    doubled = np.concatenate([data.id_pairs[:1], data.id_pairs])

    twice = clone(estimator).fit(doubled, np.concatenate([[1.0], data.ratings]))

    np.testing.assert_array_equal(dense(twice.weights_), dense(fitted(estimator).weights_))
    assert twice.ratings_[0, 2] == 4.0


@for_each
def test_parameters_are_stored_as_given_and_survive_a_clone(estimator: ItemItemEstimator) -> None:
    params = estimator.get_params()

    assert clone(estimator).get_params() == params
    assert type(estimator)(**params).get_params() == params
    assert not [name for name in vars(estimator) if name.endswith("_")]


@for_each
def test_an_estimator_that_is_not_fitted_raises(estimator: ItemItemEstimator) -> None:
    with pytest.raises(NotFittedError):
        clone(estimator).predict([("00", "01")])
    with pytest.raises(NotFittedError):
        clone(estimator).to_model()


@for_each
def test_fitted_attributes_have_the_documented_shapes(estimator: ItemItemEstimator) -> None:
    estimator = fitted(estimator)

    assert estimator.weights_.shape == (SIZE, SIZE)
    assert estimator.weights_.dtype == np.float32
    assert estimator.popularity_.tolist() == pytest.approx([9 / 20] * SIZE)
    assert estimator.item_ids_.tolist() == sorted(estimator.item_index_, key=estimator.item_index_.get)
    assert estimator.n_features_in_ == 2
    # 64-bit indexes would double the memory of its products.
    assert estimator.ratings_.indices.dtype == np.int32


@for_each
def test_unusable_data_is_rejected(estimator: ItemItemEstimator) -> None:
    with pytest.raises(ValueError, match="two: user and item"):
        clone(estimator).fit([("1", "2", "3")], [1.0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clone(estimator).fit([("1", "2")], [1.0, 2.0])
    with pytest.raises(ValueError, match="infinite"):
        clone(estimator).fit([("1", "2")], [np.inf])


@pytest.mark.parametrize(
    "estimator",
    [
        EASE(l2=0),
        EASE(dropout=1),
        EASE(rank=-1),
        SparseEASE(l2=0),
        SparseEASE(n_neighbors=0),
        SVD(n_components=0),
        ItemKNN(n_neighbors=0),
        ItemKNN(shrinkage=-1),
    ],
)
def test_the_fit_rejects_parameters_out_of_range(estimator: ItemItemEstimator) -> None:
    with pytest.raises(ValueError, match=r"at least|greater than"):
        fitted(estimator)


def test_pairs_that_the_fit_did_not_see_score_0() -> None:
    assert fitted(EASE(l2=1.0)).predict([("nobody", "00"), ("00", "nothing")]).tolist() == [0, 0]


def test_grid_search_of_scikit_learn_chooses_by_ndcg() -> None:
    data = checkerboard()

    folds = KFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(EASE(), {"l2": [1e12, 1.0]}, scoring=ndcg_scorer, cv=folds).fit(data.id_pairs, data.ratings)

    assert search.best_params_ == {"l2": 1.0}
    assert search.best_score_ > 0.8


@for_each_personal
def test_a_low_rating_raises_the_score_of_no_item(estimator: ItemItemEstimator) -> None:
    model = fitted(estimator).to_model()
    liked = {name(item): 5.0 for item in range(0, 6, 2)}
    disliked = {name(item): rating for item, rating in zip((1, 3, 5), (0.5, 1.0, 1.5), strict=True)}

    without, with_low = recommend(model, [history_of(model, liked), history_of(model, liked | disliked)], [SIZE] * 2)

    before = dict(zip(without.indexes.tolist(), without.scores, strict=True))
    assert all(score <= before[item] for item, score in zip(with_low.indexes.tolist(), with_low.scores, strict=True))
    assert {model.item_ids[item] for item in with_low.indexes[:7]} == {name(item) for item in range(6, SIZE, 2)}
