"""What k-means must keep whatever the data: hypothesis looks for counter-examples."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workings.cluster import KMeans
from workings.recording import record

ALGORITHMS = st.sampled_from(["lloyd", "elkan"])
SEEDS = st.integers(0, 2**16)


def gaussian(seed: int, n: int = 60, d: int = 3) -> np.ndarray:
    return np.random.RandomState(seed).standard_normal((n, d))


def quiet_fit(model: KMeans, X: np.ndarray, weights: np.ndarray | None = None) -> KMeans:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, sample_weight=weights)


@given(
    X=arrays(float, st.tuples(st.integers(8, 40), st.integers(1, 4)), elements=st.integers(-5, 5).map(float)),
    k=st.integers(1, 8),
    seed=SEEDS,
    algorithm=ALGORITHMS,
)
def test_inertia_never_increases_along_the_tape(X, k, seed, algorithm):
    with record() as tape:
        quiet_fit(KMeans(k, random_state=seed, algorithm=algorithm, tol=0), X)
    inertias = tape.frame("iteration")["inertia"].to_numpy()
    # each is a rounded sum of at most 160 squares up to 100
    assert (np.diff(inertias) <= 1e-12 * np.abs(inertias[:-1]) + 1e-10).all()


@given(
    X=arrays(np.float64, st.tuples(st.integers(8, 30), st.integers(1, 6)), elements=st.floats(-1e3, 1e3, width=32)),
    k=st.integers(1, 6),
    seed=SEEDS,
    algorithm=ALGORITHMS,
)
def test_labels_are_the_nearest_centers_and_everything_is_finite(X, k, seed, algorithm):
    model = quiet_fit(KMeans(k, random_state=seed, algorithm=algorithm), X)
    assert np.isfinite(model.cluster_centers_).all()
    distances = ((X[:, np.newaxis] - model.cluster_centers_) ** 2).sum(axis=2)
    own = np.take_along_axis(distances, model.labels_[:, np.newaxis], axis=1)[:, 0]
    # |c|² - 2x·c of numbers up to 2e3 in 6 dimensions cancels 5e7 units of 1e-16
    assert (own <= distances.min(axis=1) + 1e-7).all()
    assert model.inertia_ == pytest.approx(own.sum(), rel=1e-9, abs=1e-7)


@given(seed=SEEDS, k=st.integers(2, 5), algorithm=ALGORITHMS, exponent=st.integers(-30, 30))
def test_scaling_by_a_power_of_two_scales_every_bit(seed, k, algorithm, exponent):
    X, factor = gaussian(seed), 2.0**exponent
    plain = KMeans(k, random_state=seed, algorithm=algorithm).fit(X)
    scaled = KMeans(k, random_state=seed, algorithm=algorithm).fit(X * factor)
    assert np.array_equal(scaled.labels_, plain.labels_)
    assert np.array_equal(scaled.cluster_centers_, plain.cluster_centers_ * factor)
    assert scaled.inertia_ == plain.inertia_ * factor**2


@given(seed=SEEDS, algorithm=ALGORITHMS)
def test_the_order_of_the_features_does_not_matter(seed, algorithm):
    X = gaussian(seed, d=5)
    order = np.random.RandomState(seed).permutation(5)
    plain = KMeans(4, init=X[:4], n_init=1, algorithm=algorithm).fit(X)
    shuffled = KMeans(4, init=X[:4][:, order], n_init=1, algorithm=algorithm).fit(X[:, order])
    assert np.array_equal(shuffled.labels_, plain.labels_)
    # continuous data have no ties, so only the order of summation differs
    assert np.allclose(shuffled.cluster_centers_, plain.cluster_centers_[:, order], rtol=0, atol=1e-13)


@given(seed=SEEDS, algorithm=ALGORITHMS, shift=st.integers(-1000, 1000))
def test_a_translation_moves_the_centers_and_nothing_else(seed, algorithm, shift):
    X = gaussian(seed)
    plain = KMeans(4, init=X[:4], n_init=1, algorithm=algorithm).fit(X)
    moved = KMeans(4, init=X[:4] + shift, n_init=1, algorithm=algorithm).fit(X + shift)
    assert np.array_equal(moved.labels_, plain.labels_)
    # X + 1000 is rounded to 1e-13
    assert np.allclose(moved.cluster_centers_, plain.cluster_centers_ + shift, rtol=0, atol=1e-11)


@given(seed=SEEDS, algorithm=ALGORITHMS)
def test_a_row_given_twice_is_a_row_of_weight_two(seed, algorithm):
    X = gaussian(seed, n=40)
    weights = np.random.RandomState(seed).randint(0, 4, len(X))
    weights[:4] += 1
    options = {"init": X[:4], "n_init": 1, "tol": 0, "algorithm": algorithm}
    weighted = quiet_fit(KMeans(4, **options), X, weights)
    repeated = quiet_fit(KMeans(4, **options), np.repeat(X, weights, axis=0))
    assert np.array_equal(np.repeat(weighted.labels_, weights), repeated.labels_)
    # the two centre by different means, so they round differently
    assert np.allclose(weighted.cluster_centers_, repeated.cluster_centers_, rtol=0, atol=1e-12)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-12)


@given(seed=SEEDS)
def test_scaling_all_weights_by_a_power_of_two_changes_nothing_but_the_inertia(seed):
    X = gaussian(seed)
    weights = np.random.RandomState(seed).uniform(size=len(X))
    plain = KMeans(4, random_state=seed).fit(X, sample_weight=weights)
    scaled = KMeans(4, random_state=seed).fit(X, sample_weight=8 * weights)
    assert np.array_equal(scaled.cluster_centers_, plain.cluster_centers_)
    assert scaled.inertia_ == 8 * plain.inertia_


@pytest.mark.parametrize("init", ["k-means++", "random"])
@given(seed=SEEDS)
def test_rows_of_weight_zero_are_never_seeds(init, seed):
    X = gaussian(seed, n=30)
    weights = np.zeros(30)
    weights[::3] = 1
    with record(arrays=True) as tape:
        quiet_fit(KMeans(5, init=init, n_init=1, random_state=seed), X, weights)
    for seed_row in tape.arrays("centers")[0]:
        nearest = np.abs(X - seed_row).sum(axis=1).argmin()
        assert weights[nearest] == 1


@given(seed=SEEDS)
def test_elkan_and_lloyd_agree(seed):
    X = gaussian(seed, n=100)
    lloyd = KMeans(6, random_state=seed).fit(X)
    elkan = KMeans(6, random_state=seed, algorithm="elkan").fit(X)
    assert np.array_equal(lloyd.labels_, elkan.labels_)
    assert np.allclose(lloyd.cluster_centers_, elkan.cluster_centers_, rtol=0, atol=1e-13)
