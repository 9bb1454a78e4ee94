"""algorithm="elkan" foretold: scikit-learn's bits for Elkan's method without its bounds."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.cluster
from sklearn.datasets import load_digits, load_iris, make_blobs

from workings.cluster import KMeans
from workings.cluster.certified.referee import ElkanReferee, UndecidedError
from workings.cluster.elkan import TriangleBounds
from workings.cluster.rows import as_rows

RNG = np.random.RandomState(0)
DATA = {
    "iris": load_iris().data,
    "digits": load_digits().data[:900],
    "blobs": make_blobs(3000, 7, centers=6, random_state=0)[0],
    "uniform": RNG.uniform(size=(4000, 3)),
    "integers": RNG.randint(0, 4, size=(500, 2)).astype(float),
    "far": RNG.standard_normal((2000, 4)) + 5e5,
    "small": RNG.standard_normal((2000, 4)) * 1e-9,
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [2, 7, 20])
@pytest.mark.parametrize("name", DATA)
def test_the_bits_are_scikit_learns(monkeypatch, name, k, weighted):
    monkeypatch.setattr("workings.cluster.estimator.pays", lambda X, n_clusters: True)
    X = DATA[name]
    weights = np.random.RandomState(1).randint(0, 3, len(X)).astype(float) if weighted else None
    parameters = {"n_clusters": k, "algorithm": "elkan", "random_state": 0, "n_init": 2}
    ours = KMeans(**parameters).fit(X, sample_weight=weights)
    theirs = sklearn.cluster.KMeans(**parameters).fit(X, sample_weight=weights)
    assert np.array_equal(ours.labels_, theirs.labels_)
    assert ours.cluster_centers_.tobytes() == theirs.cluster_centers_.tobytes()
    assert (ours.inertia_, ours.n_iter_) == (theirs.inertia_, theirs.n_iter_)


def test_elkans_own_bounds_are_used_where_a_row_is_in_doubt_and_only_there(monkeypatch):
    used = []

    class Watched(TriangleBounds):
        def __init__(self, rows, centers):
            used.append(len(rows.weights))
            super().__init__(rows, centers)

    monkeypatch.setattr("workings.cluster.estimator.pays", lambda X, n_clusters: True)
    monkeypatch.setattr("workings.cluster.estimator.TriangleBounds", Watched)
    KMeans(5, algorithm="elkan", random_state=0).fit(DATA["uniform"])
    assert used == []
    KMeans(5, algorithm="elkan", random_state=0).fit(DATA["integers"])
    assert used == [500]


def test_the_referee_gives_up():
    referee = ElkanReferee(as_rows(DATA["iris"], np.ones(150)), max_iter=300)
    # one rounding an iteration in each of two bounds, and what comes before and after
    assert referee.unit == (4 * 300 + 16) * 2.0**-53
    assert referee.remembers
    with pytest.raises(UndecidedError):
        referee.nearest(DATA["iris"][:3], np.array([0]))
