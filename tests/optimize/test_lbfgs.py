"""L-BFGS beside scipy.optimize, which runs the published L-BFGS-B code."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from workings.optimize import LBFGS


def rosenbrock(x):
    return scipy.optimize.rosen(x), scipy.optimize.rosen_der(x)


def quadratic(A):
    return lambda x: (0.5 * x @ A @ x - x.sum(), A @ x - 1)


def reference(objective, x0, **options):
    return scipy.optimize.minimize(objective, x0, jac=True, method="L-BFGS-B", options=options)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [2, 5, 20, 50])
def test_the_same_path_on_rosenbrock(n, seed):
    # fifteen iterations: long enough to fill the memory, too short for rounding to part the paths
    x0 = np.random.RandomState(seed).randn(n) * 2
    ours = LBFGS(max_iterations=15).minimise(rosenbrock, x0)
    theirs = reference(rosenbrock, x0, maxiter=15)
    assert (ours.n_iterations, ours.n_evaluations, ours.status) == (theirs.nit, theirs.nfev, theirs.status)
    assert ours.value == pytest.approx(theirs.fun, rel=1e-6)


@pytest.mark.parametrize("n", [2, 20])
def test_the_minimum_of_rosenbrock(n):
    ours = LBFGS(gradient_tolerance=1e-9, decrease_tolerance=0.0).minimise(rosenbrock, np.full(n, 1.5))
    assert ours.converged
    np.testing.assert_allclose(ours.x, 1.0, atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_quadratics_against_the_exact_minimiser(seed):
    rng = np.random.RandomState(seed)
    factor = rng.randn(6, 6)
    A = factor @ factor.T + 0.1 * np.eye(6)
    # a smaller gradient than 1e-6 could not be told from rounding of the values, which are about 1
    ours = LBFGS(gradient_tolerance=1e-6, decrease_tolerance=0.0).minimise(quadratic(A), np.zeros(6))
    theirs = reference(quadratic(A), np.zeros(6), gtol=1e-6, ftol=0.0)
    assert ours.reason == theirs.message == "CONVERGENCE: NORM OF PROJECTED GRADIENT <= PGTOL"
    # the gradient is at most 1e-6 a component, so the error at most |A^-1| times that
    bound = np.sqrt(6) * 1e-6 / np.linalg.eigvalsh(A).min()
    assert np.linalg.norm(ours.x - np.linalg.solve(A, np.ones(6))) <= bound
    assert abs(ours.n_iterations - theirs.nit) <= 3


def test_one_memory_pair_and_many_agree_on_the_answer():
    A = np.diag([1.0, 10.0, 100.0])
    for memory in (1, 3, 10):
        x = LBFGS(memory=memory, gradient_tolerance=1e-9, decrease_tolerance=0.0).minimise(quadratic(A), np.ones(3)).x
        np.testing.assert_allclose(x, [1.0, 0.1, 0.01], atol=1e-9)


def test_it_stops_at_once_at_a_minimum():
    minimum = LBFGS().minimise(lambda x: (float(x @ x), 2 * x), np.zeros(3))
    assert (minimum.n_iterations, minimum.n_evaluations, minimum.status) == (0, 1, 0)


def test_limits_and_their_reasons():
    x0 = np.array([-1.2, 1.0])
    stopped = LBFGS(max_iterations=3).minimise(rosenbrock, x0)
    assert (stopped.n_iterations, stopped.status) == (3, 1)
    assert stopped.reason == "STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT"
    stopped = LBFGS(max_evaluations=5).minimise(rosenbrock, x0)
    theirs = reference(rosenbrock, x0, maxfun=5)
    assert (stopped.n_evaluations, stopped.n_iterations, stopped.status) == (theirs.nfev, theirs.nit, 1)
    assert stopped.reason == theirs.message


def test_a_wrong_gradient_is_reported_and_not_hidden():
    minimum = LBFGS().minimise(lambda x: (float(x @ x), -2 * x), np.array([1.0, 2.0]))
    assert (minimum.converged, minimum.status, minimum.n_iterations) == (False, 2, 0)
    np.testing.assert_array_equal(minimum.x, [1.0, 2.0])


def test_every_iteration_is_watched_and_lowers_the_value():
    values = []
    minimum = LBFGS().minimise(rosenbrock, np.array([-1.2, 1.0]), lambda **step: values.append(step["value"]))
    assert len(values) == minimum.n_iterations
    assert np.all(np.diff([rosenbrock(np.array([-1.2, 1.0]))[0], *values]) < 0)
    assert values[-1] == minimum.value


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_the_gradient_is_small_wherever_it_converges(seed, n):
    rng = np.random.RandomState(seed)
    A = np.diag(rng.uniform(0.5, 20.0, n))
    minimum = LBFGS(gradient_tolerance=1e-6, decrease_tolerance=0.0).minimise(quadratic(A), rng.randn(n))
    assert minimum.reason.startswith("CONVERGENCE: NORM")
    assert np.abs(A @ minimum.x - 1).max() <= 1e-6
