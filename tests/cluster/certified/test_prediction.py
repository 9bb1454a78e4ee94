"""Labels foretold in float32 against those of the arithmetic that they foretell."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.cluster import KMeans as Reference
from sklearn.datasets import load_digits, make_blobs
from tests.cluster.certified.oracle import Distances, hard_problems

from workings.cluster import KMeans
from workings.cluster.certified import prediction
from workings.cluster.certified.double_precision import decide
from workings.cluster.certified.prediction import foretold, nearest
from workings.cluster.rows import Rows, as_rows


@pytest.fixture(autouse=True)
def no_table_is_too_small(monkeypatch):
    monkeypatch.setattr(prediction, "_MANY_PAIRS", 0)


def rows_of(X: np.ndarray) -> Rows:
    return as_rows(X, np.ones(X.shape[0], dtype=X.dtype))


def assert_foretold(X: np.ndarray, centers: np.ndarray) -> None:
    rows = rows_of(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = nearest(rows, centers)
    assert found.dtype == np.int32
    assert np.array_equal(found, rows.nearest(centers))


CLUSTERS = [1, 2, 3, 8, 64, 65, 300]


def tables() -> dict[str, np.ndarray]:
    rng = np.random.RandomState(4)
    return {
        "blobs": make_blobs(1500, 3, centers=9, random_state=0)[0],
        "digits": load_digits().data[:600],
        "integers": rng.randint(0, 5, size=(1000, 3)).astype(float),
        "thirds": rng.randint(0, 5, size=(1000, 20)) / 3,
        "far away": rng.standard_normal((800, 4)) + 1e7,
        "far away in one feature": rng.standard_normal((800, 4)) + np.array([1e9, 0, 0, -5]),
        "sixteen features": rng.standard_normal((500, 16)),
        "seventeen features, far away": rng.standard_normal((500, 17)) - 1e4,
        "large": rng.standard_normal((500, 3)) * 1e15,
        "small": rng.standard_normal((500, 3)) * 1e-15,
        "one feature": rng.standard_normal((500, 1)),
        "many orders": rng.standard_normal((700, 2)) * 10.0 ** rng.uniform(-12, 12, size=(700, 1)),
    }


TABLES = tables()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("k", CLUSTERS)
@pytest.mark.parametrize("name", sorted(TABLES))
def test_labels_are_those_of_the_whole_table(name, k, dtype):
    X = TABLES[name].astype(dtype)
    rng = np.random.RandomState(k)
    assert_foretold(X, X[rng.permutation(len(X))[:k]])
    means = X[rng.randint(len(X), size=(k, 5))].mean(axis=1, dtype=dtype)
    assert_foretold(X, means)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_out_of_the_range_of_single_precision(dtype):
    rng = np.random.RandomState(0)
    for d in (2, 20):
        X = rng.standard_normal((300, d)).astype(dtype)
        centers = X[:7].copy()
        largest = 1e15 if dtype == np.float32 else 1e150
        X[5], X[6, 0], X[290, 1] = largest, -largest, 1e14
        assert_foretold(X, centers)
        assert_foretold(X * dtype(1e-3), centers * dtype(1e3))


@pytest.mark.parametrize("size", [1e-150, 1e-60, 1e-30, 1e30, 1e60, 1e150])
def test_centers_out_of_the_range_of_single_precision(size):
    X = np.random.RandomState(0).standard_normal((300, 3)) * size
    assert_foretold(X, X[:7])
    assert_foretold(X + 100 * size, X[:7] + 100 * size)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("k", [2, 64, 65])
def test_equal_centers_give_the_lowest_index(k, dtype):
    X = np.random.RandomState(1).standard_normal((200, 3)).astype(dtype)
    for place in (np.zeros(3), X[0], np.array([1e5, 1, 1])):
        centers = np.repeat(place.astype(dtype)[np.newaxis], k, axis=0)
        assert_foretold(X, centers)
        assert_foretold(X + place.astype(dtype), centers)
        centers[1:] += np.repeat(X[3:4], k - 1, axis=0)
        assert_foretold(X, centers)


def test_everything_is_zero():
    assert_foretold(np.zeros((50, 2)), np.zeros((3, 2)))
    assert_foretold(np.ones((50, 2)), np.zeros((3, 2)))


@pytest.mark.parametrize("shift", [0.0, 3.0, 1e3, 1e9])
@pytest.mark.parametrize(("d", "k"), [(1, 2), (3, 8), (10, 64), (17, 5), (2, 70), (60, 3)])
def test_an_exact_referee_is_foretold(shift, d, k):
    for _, near, around in hard_problems(d, k):
        X, centers = near + shift, around + shift
        truth = Distances(X, centers)
        expected = truth.labels()
        asked: list[int] = []

        def referee(rows: np.ndarray, asked: list[int] = asked, expected: np.ndarray = expected) -> np.ndarray:
            asked.extend(rows.tolist())
            return expected[rows]

        assert np.array_equal(foretold(X, centers, referee, 0.0), expected)
        assert len(set(asked)) == len(asked)
        # who may not be trusted to rounding must have been asked
        gap = truth.to_others(expected) == truth.of(expected)
        assert set(np.flatnonzero(gap)) <= set(asked)


def test_the_referee_is_asked_only_about_rows_in_doubt():
    X = make_blobs(5000, 3, centers=6, random_state=3)[0] + 1e3
    rows = rows_of(X)
    asked = []

    def referee(doubtful: np.ndarray) -> np.ndarray:
        asked.append(len(doubtful))
        return rows.nearest_of(doubtful, X[:6])

    assert np.array_equal(foretold(X, X[:6], referee, 2.0**-53), rows.nearest(X[:6]))
    assert sum(asked) <= 5


def test_single_precision_decides_nearly_all_rows_wherever_the_origin_is(monkeypatch):
    in_double = []

    def counted(X: np.ndarray, *others: Any) -> Any:
        in_double.append(len(X))
        return decide(X, *others)

    monkeypatch.setattr(prediction, "decide", counted)
    for shift in (0.0, 1e3, 1e4):
        X = make_blobs(5000, 3, centers=6, random_state=3)[0] + shift
        in_double.clear()
        assert_foretold(X, X[:6])
        assert sum(in_double) < 50


@pytest.mark.parametrize("length", [1, 29, 10_000])
def test_the_length_of_blocks_changes_nothing(monkeypatch, length):
    monkeypatch.setattr(prediction, "block_length", lambda *sizes: length)
    for name in ("integers", "thirds"):
        assert_foretold(TABLES[name], TABLES[name][:9])
        assert_foretold(TABLES[name][::-1].copy(), TABLES[name][:70])


def test_sparse_rows_and_small_tables_go_the_plain_way(monkeypatch):
    X = TABLES["integers"]
    sparse = as_rows(sp.csr_array(X), np.ones(len(X)))
    monkeypatch.setattr(prediction, "foretold", partial(pytest.fail, "float32 was asked"))
    assert np.array_equal(nearest(sparse, X[:5]), sparse.nearest(X[:5]))
    monkeypatch.setattr(prediction, "_MANY_PAIRS", 5 * len(X) + 1)
    assert np.array_equal(nearest(rows_of(X), X[:5]), rows_of(X).nearest(X[:5]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["blobs", "digits", "integers", "far away", "thirds", "sixteen features"])
@pytest.mark.parametrize("k", [2, 10, 70])
def test_predict_has_the_labels_of_the_reference(name, k, dtype):
    X = TABLES[name].astype(dtype)
    parameters = {"n_clusters": k, "init": X[:k], "n_init": 1, "max_iter": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = (kind(**parameters).fit(X) for kind in (KMeans, Reference))
    new = np.concatenate([X[::-1], X + X.std(dtype=dtype) / 3, X[:1] * 100])
    assert np.array_equal(ours.predict(new), theirs.predict(new))


def test_rows_that_lie_on_a_center_far_from_the_origin():
    centers = np.array([[1e8, 1e8], [1e8 + 1e-6, 1e8], [1e8, 1e8 + 1e-7]])
    X = np.repeat(centers, 20, axis=0)
    assert_foretold(X, centers)


@pytest.mark.parametrize("size", [1e-22, 1e-30])
def test_squares_that_vanish_in_the_type_of_the_rows(size):
    X = (np.random.RandomState(0).standard_normal((300, 3)) * size).astype(np.float32)
    assert_foretold(X, X[:5].copy())
