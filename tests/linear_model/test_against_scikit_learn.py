"""Grids beside scikit-learn with ``tol=0``, where its answer is that of the least-squares problem."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_linnerud
from sklearn.linear_model import LinearRegression as Reference
from tests.linear_model.oracle import scaled_condition

from workings.linear_model import LinearRegression

U = 2.0**-53


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("n", "p"), [(30, 5), (200, 20), (20, 20), (15, 40)])
def test_random_data(n, p, intercept, weighted, targets, dtype):
    rng = np.random.default_rng(n + p)
    X = rng.standard_normal((n, p)).astype(dtype)
    y = rng.standard_normal(n if targets is None else (n, targets)).astype(dtype)
    weights = rng.random(n) + 0.1 if weighted else None
    # Centred square or wide data have a singular value that is zero but for rounding; tol=0 would divide by it.
    tol = 1e-5 if n <= p else 0
    ours = LinearRegression(fit_intercept=intercept).fit(X, y, weights)
    theirs = Reference(fit_intercept=intercept, tol=tol).fit(X, y, weights)
    # condition numbers stay below 1e3 here; the square covers the residual's part, in the type of the reference
    rtol = max(1e2 * np.finfo(dtype).eps * ours.solution_.condition**2, 1e-12)
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=rtol * scale)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=rtol * max(scale, 1.0))
    assert ours.coef_.dtype == theirs.coef_.dtype
    assert ours.coef_.shape == theirs.coef_.shape
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    assert ours.predict(X).dtype == theirs.predict(X).dtype
    assert ours.rank_ == theirs.rank_
    largest = theirs.singular_[0]
    np.testing.assert_allclose(ours.singular_, theirs.singular_, atol=50 * np.finfo(dtype).eps * largest)


@pytest.mark.parametrize("loader", [load_diabetes, load_linnerud, load_breast_cancer])
def test_real_data(loader):
    X, y = loader(return_X_y=True)
    ours, theirs = LinearRegression().fit(X, y), Reference(tol=0).fit(X, y)
    lengths = np.linalg.norm(X - X.mean(axis=0), axis=0)
    k = scaled_condition(X) * lengths.max() / lengths.min()  # the reference does not scale its columns
    error = np.abs((ours.coef_ - theirs.coef_) * lengths).max() / np.abs(theirs.coef_ * lengths).max()
    assert error <= 100 * k * U
    assert ours.rank_ == theirs.rank_
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9, atol=1e-9)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-12)


def test_digits_with_constant_columns():
    X, y = load_digits(return_X_y=True)
    ours, theirs = LinearRegression().fit(X, y), Reference().fit(X, y)
    assert (ours.coef_[X.std(axis=0) == 0] == 0).all()
    assert ours.rank_ == theirs.rank_ == 61
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-11)


@pytest.mark.parametrize("tol", [1e-8, 1e-6, 1e-3, 0.3])
def test_the_same_directions_are_dropped(tol):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 6)) * np.array([1e3, 1.0, 1e-2, 1e-4, 1e-6, 1.0])
    y = rng.standard_normal((50, 2))
    ours, theirs = LinearRegression(tol=tol).fit(X, y), Reference(tol=tol).fit(X, y)
    assert ours.rank_ == theirs.rank_
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-6 * np.abs(theirs.coef_).max())


@pytest.mark.parametrize("targets", [None, 2])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_nonnegative(seed, weighted, intercept, targets):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((60, 15)) + rng.standard_normal((60, 1))
    y = rng.standard_normal(60 if targets is None else (60, targets))
    weights = rng.random(60) if weighted else None
    ours = LinearRegression(positive=True, fit_intercept=intercept).fit(X, y, weights)
    theirs = Reference(positive=True, fit_intercept=intercept).fit(X, y, weights)
    np.testing.assert_array_equal(ours.coef_ > 0, theirs.coef_ > 1e-12)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-12)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-12)


@pytest.mark.parametrize("intercept", [False, True])
def test_sparse_is_closer_to_the_answer_than_lsqr(intercept):
    rng = np.random.default_rng(4)
    X = scipy.sparse.random(200, 10, 0.3, format="csr", random_state=1)
    y = rng.standard_normal(200)
    answer = Reference(fit_intercept=intercept, tol=0).fit(X.toarray(), y).coef_
    ours = np.abs(LinearRegression(fit_intercept=intercept).fit(X, y).coef_ - answer).max()
    theirs = np.abs(Reference(fit_intercept=intercept).fit(X, y).coef_ - answer).max()
    assert ours < 1e-13
    assert ours < theirs
