"""The same random_state gives scikit-learn's bits: centres, labels, inertia and number of iterations.

The root conftest keeps scikit-learn at one thread: with two, its own centres change in the last bits.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.cluster import KMeans as Reference
from sklearn.datasets import load_digits, load_iris, make_blobs

from workings.cluster import KMeans


def data_sets() -> dict[str, np.ndarray]:
    rng = np.random.RandomState(7)
    return {
        "iris": load_iris().data,
        "digits": load_digits().data[:500],
        "blobs": make_blobs(600, 4, centers=5, random_state=1)[0],
        "uniform": rng.uniform(size=(513, 3)),  # the last block of the products has one row
        "noise_500d": rng.standard_normal((150, 500)),
        "offset_1e4": rng.standard_normal((300, 3)) + 1e4,
        "offset_5e5": rng.standard_normal((257, 5)) + 5e5,
        "scale_1e-9": rng.uniform(size=(200, 4)) * 1e-9,
        "integer_grid": rng.randint(0, 4, size=(400, 2)).astype(float),
        "few_distinct": np.repeat(rng.uniform(size=(6, 3)), 30, axis=0),
        "one_feature": rng.standard_normal((300, 1)),
        "as_many_as_clusters": rng.uniform(size=(20, 2)),
        "mostly_zero": rng.poisson(0.2, size=(300, 30)).astype(float),
    }


DATA = data_sets()


def from_a_callable(X: Any, n_clusters: int, random_state: np.random.RandomState) -> Any:
    return X[random_state.permutation(X.shape[0])[:n_clusters]]


def weights_of(kind: str, n: int, seed: int) -> np.ndarray | None:
    rng = np.random.RandomState(seed)
    return {"none": None, "real": rng.uniform(size=n), "with_zeros": rng.randint(0, 3, n).astype(float)}[kind]


def fitted(estimator: Any, X: Any, weights: np.ndarray | None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return estimator.fit(X, sample_weight=weights)
        except ValueError as error:
            return str(error)


def assert_same_bits(X: Any, weights: np.ndarray | None, **parameters: Any) -> None:
    theirs = fitted(Reference(**parameters), X, weights)
    ours = fitted(KMeans(**parameters), X, weights)
    if isinstance(theirs, str):
        assert ours == theirs
        return
    assert ours.cluster_centers_.dtype == theirs.cluster_centers_.dtype
    assert ours.cluster_centers_.tobytes() == theirs.cluster_centers_.tobytes()
    assert ours.labels_.dtype == theirs.labels_.dtype
    assert np.array_equal(ours.labels_, theirs.labels_)
    assert ours.inertia_ == theirs.inertia_
    assert ours.n_iter_ == theirs.n_iter_
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    assert ours.transform(X).tobytes() == theirs.transform(X).tobytes()
    assert ours.score(X, sample_weight=weights) == theirs.score(X, sample_weight=weights)


def cases(share: float, seed: int) -> Iterator[tuple[Any, np.ndarray | None, dict[str, Any]]]:
    """A random share of the full product of data, containers, weights and parameters."""
    rng = np.random.RandomState(seed)
    product = itertools.product(
        DATA,
        ("lloyd", "elkan"),
        (np.float64, np.float32),
        ("C", "F", "csr"),
        ("k-means++", "random", "array", "callable"),
        (1, 3, 8, 20),
        ("none", "real", "with_zeros"),
        (1, 3, "auto"),
        ((1e-4, 300), (0, 300), (1e-4, 1)),
    )
    for name, algorithm, dtype, layout, init, k, kind, n_init, (tol, max_iter) in product:
        if rng.uniform() > share:
            continue
        state = int(rng.randint(1000))
        dense = DATA[name].astype(dtype)
        X = sp.csr_array(dense) if layout == "csr" else np.asarray(dense, order=layout)
        begin: Any = {
            "array": dense[np.random.RandomState(state).permutation(len(dense))[:k]],
            # CSR rows are no initial centres for scikit-learn
            "callable": from_a_callable if layout != "csr" else "k-means++",
        }.get(init, init)
        parameters = {
            "n_clusters": k,
            "init": begin,
            "n_init": n_init,
            "tol": tol,
            "max_iter": max_iter,
            "algorithm": algorithm,
            "random_state": state,
        }
        yield X, weights_of(kind, len(dense), state), parameters


def test_a_share_of_the_grid_has_the_same_bits():
    for X, weights, parameters in cases(0.001, seed=0):
        assert_same_bits(X, weights, **parameters)


@pytest.mark.slow
def test_several_hundred_fits_have_the_same_bits():
    count = 0
    for X, weights, parameters in cases(0.01, seed=1):
        assert_same_bits(X, weights, **parameters)
        count += 1
    assert count > 500


@pytest.mark.parametrize("name", sorted(DATA))
def test_defaults_have_the_same_bits(name):
    assert_same_bits(DATA[name], None, random_state=3)


@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
def test_the_whole_of_digits(algorithm):
    assert_same_bits(load_digits().data, None, n_clusters=10, random_state=0, algorithm=algorithm)


def test_one_generator_serves_all_runs_and_is_used_up_in_the_same_way():
    theirs, ours = np.random.RandomState(5), np.random.RandomState(5)
    Reference(4, init="random", random_state=theirs).fit(DATA["iris"])
    KMeans(4, init="random", random_state=ours).fit(DATA["iris"])
    assert ours.uniform() == theirs.uniform()


def test_single_precision_seeding_in_several_blocks():
    # above about 1100 rows by 1 feature the float64 copies no longer fit in one block
    X = np.random.RandomState(0).standard_normal((30_000, 2)).astype(np.float32)
    assert_same_bits(X, None, n_clusters=5, random_state=0, max_iter=3)


def test_more_centers_than_one_block_of_single_precision_holds():
    X = np.random.RandomState(0).standard_normal((1500, 2)).astype(np.float32)
    assert_same_bits(X, None, n_clusters=1300, init=X[:1300], max_iter=2, algorithm="elkan")


def test_a_lone_last_row_on_a_tie():
    # NumPy's product of a single row rounds in another order than that of many rows
    rng = np.random.RandomState(0)
    X = np.vstack([rng.randint(0, 3, size=(256, 6)), np.ones((1, 6))]) / 3
    for seed in range(20):
        assert_same_bits(X, None, n_clusters=12, random_state=seed, n_init=1)


def test_unsorted_columns_of_a_sparse_matrix():
    X = sp.csr_matrix(DATA["mostly_zero"])
    for start, stop in itertools.pairwise(X.indptr):
        X.indices[start:stop] = X.indices[start:stop][::-1].copy()
        X.data[start:stop] = X.data[start:stop][::-1].copy()
    X.has_sorted_indices = False
    theirs = Reference(4, random_state=0).fit(X.copy())
    ours = KMeans(4, random_state=0).fit(X)
    assert np.array_equal(ours.labels_, theirs.labels_)
    # the rounding of the seeding's products may differ here, nothing else
    assert np.allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-12, atol=0)


LAYOUTS = {
    "F order": np.asfortranarray,
    "DataFrame": lambda X: pd.DataFrame({f"column {j}": column for j, column in enumerate(X.T)}),
    "every second column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "backwards": lambda X: X[::-1],
    "single precision": lambda X: np.asfortranarray(X.astype(np.float32)),
    "csr": sp.csr_array,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_distances_of_rows_in_any_layout(layout):
    # fit_transform multiplies X as it lies in memory, transform a copy in C order
    for name in ("digits", "blobs", "offset_1e4"):
        X = LAYOUTS[layout](DATA[name])
        for method in ("fit_transform", "transform"):
            ours, theirs = (kind(3, random_state=0).fit(X) for kind in (KMeans, Reference))
            assert getattr(ours, method)(X).tobytes() == getattr(theirs, method)(X).tobytes()


@pytest.mark.parametrize("d", [400, 700, 1000, 1600])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_wide_tables_of_two_values_have_the_same_labels_at_exact_ties(d, dtype):
    # beyond one panel of features, where the BLAS breaks the sums decides on which side of a tie rounding falls
    for seed in range(6):
        table = np.random.RandomState(seed).randint(0, 2, (300, d))
        X = (0.3 + 0.1 * table).astype(dtype)  # two values, neither exact in binary
        theirs, ours = (kind(8, init=X[:8], n_init=1, max_iter=5).fit(X) for kind in (Reference, KMeans))
        assert np.array_equal(ours.labels_, theirs.labels_)
        assert ours.cluster_centers_.tobytes() == theirs.cluster_centers_.tobytes()
        assert np.array_equal(ours.predict(X), theirs.predict(X))
