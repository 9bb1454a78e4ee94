"""Stochastic descent against its bounds, the exact recursion of second moments, and a plain loop."""

import warnings

import numpy as np
import pytest

import workings
from workings.base import ConvergenceWarning
from workings.linear_model import LinearRegression, Stochastic
from workings.optimize import Adaptive, InverseScaling


def data(seed=0, n=60, p=3, noise=1.0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, p)) * [1.0, 0.7, 0.5]
    return X, X @ [1.0, -2.0, 3.0] + noise * rng.standard_normal(n)


def second_moments(X, y, rate, batch):
    """Return the matrix and the constant of the exact recursion of E[ee'], written as a vector, from zero mean.

    e₊ = (I - η H_B) e + η g_B, with H_B and g_B means over rows drawn with replacement, so that
    E[H_B ⊗ H_B] = E[xx' ⊗ xx'] / b + (1 - 1/b) H ⊗ H, and E[g_B g_B'] = E[r² xx'] / b.
    """
    A = X - X.mean(axis=0)
    target = y - y.mean()
    H = A.T @ A / len(A)
    residual = target - A @ np.linalg.solve(H, A.T @ target / len(A))
    eye = np.eye(len(H))
    outer = np.einsum("ij,ik->ijk", A, A)
    fourth = sum(np.kron(one, one) for one in outer) / len(A)
    squared = fourth / batch + (1 - 1 / batch) * np.kron(H, H)
    matrix = np.kron(eye, eye) - rate * (np.kron(H, eye) + np.kron(eye, H)) + rate**2 * squared
    noise = rate**2 / batch * np.einsum("i,ijk->jk", residual**2, outer) / len(A)
    return matrix, noise.ravel(), H


@pytest.mark.parametrize("batch", [1, 4, 60])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_below_the_limit_second_moments_converge_within_the_bounds(batch, share):
    for seed in range(4):
        X, y = data(seed)
        rate = share * Stochastic(batch_size=batch).theory(X, y).limit_step
        theory = Stochastic(rate=rate, batch_size=batch).theory(X, y)
        matrix, noise, H = second_moments(X, y, rate, batch)
        per_epoch = np.abs(np.linalg.eigvals(matrix)).max() ** (np.ceil(60 / batch) / 2)  # of the error, not its square
        assert per_epoch <= theory.predicted_rate * (1 + 1e-12) < 1
        stationary = np.linalg.solve(np.eye(9) - matrix, noise).reshape(3, 3)
        above = np.trace(H @ stationary) / 2
        low, high = theory.noise_floor
        assert low <= above <= high


def test_the_floor_is_reached():
    X, y = data()
    solver = Stochastic(rate=0.1, batch_size=2, max_iter=4000, tol=0.0)
    matrix, noise, H = second_moments(X, y, 0.1, 2)
    above = np.trace(H @ np.linalg.solve(np.eye(9) - matrix, noise).reshape(3, 3)) / 2
    least = LinearRegression().fit(X, y)
    least = ((y - least.predict(X)) ** 2).mean() / 2
    losses = []
    for seed in range(300):  # each run ends where it cannot see its beginning
        with workings.record() as tape, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            LinearRegression(solver=Stochastic(rate=0.1, batch_size=2, max_iter=8, tol=0.0, random_state=seed)).fit(
                X, y
            )
        losses.append(tape.frame("iteration")["loss"].iloc[-1] - least)
    # the mean of 300 independent losses, five standard errors
    assert np.mean(losses) == pytest.approx(above, abs=5 * np.std(losses) / np.sqrt(300))
    assert solver.theory(X, y).noise_floor[0] <= above <= solver.theory(X, y).noise_floor[1]


def test_batches_are_those_of_a_plain_loop():
    X, y = data()
    with pytest.warns(ConvergenceWarning):
        model = LinearRegression(solver=Stochastic(rate=0.05, batch_size=7, max_iter=3, tol=0.0, random_state=5)).fit(
            X, y
        )
    random = np.random.RandomState(5)
    A, target, b = X - X.mean(axis=0), y - y.mean(), np.zeros(3)
    for _ in range(3):
        for rows in random.randint(60, size=(9, 7)):
            b = b - 0.05 * A[rows].T @ (A[rows] @ b - target[rows]) / 7
    np.testing.assert_allclose(model.coef_, b, rtol=1e-12)


def test_the_same_seed_is_the_same_answer():
    X, y = data()
    fits = []
    for seed in (3, 3, np.random.RandomState(3), 4):
        with pytest.warns(ConvergenceWarning):
            fits.append(LinearRegression(solver=Stochastic(random_state=seed)).fit(X, y).coef_)
    np.testing.assert_array_equal(fits[0], fits[1])
    np.testing.assert_array_equal(fits[0], fits[2])
    assert (fits[0] != fits[3]).all()


@pytest.mark.parametrize("shape", [(60, 3), (5, 9)])
def test_where_the_fit_is_exact_so_is_the_answer(shape):
    rng = np.random.RandomState(1)
    X = rng.standard_normal(shape)
    y = X @ rng.standard_normal(shape[1]) + 3.0
    model = LinearRegression(solver=Stochastic(batch_size=2)).fit(X, y)
    np.testing.assert_allclose(model.coef_, LinearRegression(solver="svd").fit(X, y).coef_, atol=1e-7)
    assert model.solution_.theory.noise_floor[1] < 1e-25
    assert model.solution_.converged


def test_schedules_come_closer():
    X, y = data(n=200)
    minimum = LinearRegression().fit(X, y).coef_
    errors, rates = [], []
    for schedule in ({}, {"schedule": InverseScaling(0.4)}, {"schedule": Adaptive(divisor=4.0)}):
        with workings.record() as tape, pytest.warns(ConvergenceWarning, match="noise of the batches"):
            model = LinearRegression(solver=Stochastic(batch_size=1, **schedule)).fit(X, y)
        errors.append(np.linalg.norm(model.coef_ - minimum))
        rates.append(tape.frame("iteration")["step"])
    assert rates[0].nunique() == 1
    np.testing.assert_allclose(rates[1][1], rates[1][0] / 201**0.4, rtol=1e-14)
    assert set(np.round(np.log(rates[2][0] / rates[2]) / np.log(4.0), 9)) >= {0.0, 1.0, 2.0}
    assert errors[1] < errors[0] / 2
    assert errors[2] < errors[0] / 10


def test_weights_are_weights_of_the_loss():
    X, y = data()
    weights = np.arange(60) % 3 + 0.5
    solver = Stochastic(rate=0.05, batch_size=7, max_iter=3, tol=0.0)
    with pytest.warns(ConvergenceWarning):
        model = LinearRegression(solver=solver).fit(X, y, weights)
    A, target, b = X - np.average(X, axis=0, weights=weights), y - np.average(y, weights=weights), np.zeros(3)
    share = weights / weights.mean()
    random = np.random.RandomState(0)
    for _ in range(3):
        for rows in random.randint(60, size=(9, 7)):
            b = b - 0.05 * A[rows].T @ (share[rows] * (A[rows] @ b - target[rows])) / 7
    np.testing.assert_allclose(model.coef_, b, rtol=1e-12)
    theory = Stochastic(batch_size=1).theory(X, y, sample_weight=weights)
    assert theory.limit_step == pytest.approx(2 / (share * (A**2).sum(axis=1)).max(), rel=1e-12)


def test_full_batches_have_nearly_the_limit_of_gradient_descent():
    X, y = data()
    theory = Stochastic(batch_size=60).theory(X, y)
    assert theory.limit_step == Stochastic(batch_size=1000).theory(X, y).limit_step
    # 2/L_b with L_b = (R² + 59 L)/60
    A = X - X.mean(axis=0)
    want = 120 / ((A**2).sum(axis=1).max() + 59 * theory.largest)
    assert theory.limit_step == pytest.approx(want, rel=1e-13)
