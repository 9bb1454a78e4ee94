"""Values and derivatives of the activations, with an upstream gradient that is not one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workings.neural_network.activations import ACTIVATIONS, DERIVATIVES

# written for complex numbers, independently of the code under test
FORMULAS = {
    "identity": lambda x: x,
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "relu": lambda x: np.where(x.real > 0, x, 0),
}


def applied(name, x):
    z = x.copy()
    ACTIVATIONS[name](z)
    return z


@pytest.mark.parametrize("name", FORMULAS)
def test_values(name):
    x = np.random.RandomState(0).uniform(-4, 4, (50, 3))
    np.testing.assert_allclose(applied(name, x), FORMULAS[name](x), rtol=4e-15)


@pytest.mark.parametrize("name", FORMULAS)
def test_derivative_by_complex_step(name):
    rng = np.random.RandomState(1)
    x = rng.uniform(-3, 3, (50, 3))
    upstream = rng.uniform(0.5, 3, x.shape) * rng.choice([-1, 1], x.shape)
    delta = upstream.copy()
    DERIVATIVES[name](applied(name, x), delta)
    exact = upstream * FORMULAS[name](x + 1e-30j).imag / 1e-30
    # an ulp of tanh(3) is 200 ulps of 1 - tanh(3)^2; NumPy promises tanh to a few ulps
    np.testing.assert_allclose(delta, exact, rtol=2e-13)


@pytest.mark.parametrize("name", FORMULAS)
def test_derivative_by_central_differences(name):
    rng = np.random.RandomState(2)
    x = rng.uniform(0.1, 2, (20, 3)) * rng.choice([-1, 1], (20, 3))  # clear of relu's kink
    upstream = rng.uniform(2, 3, x.shape)
    delta = upstream.copy()
    DERIVATIVES[name](applied(name, x), delta)
    h = 1e-5
    slope = (applied(name, x + h) - applied(name, x - h)) / (2 * h)
    # truncation h^2 f'''/6 < 4e-11, rounding 1e-16/h = 1e-11
    np.testing.assert_allclose(delta, upstream * slope, rtol=0, atol=3e-10)


def test_relu_has_no_slope_at_zero_even_under_overflow():
    delta = np.array([[np.inf, -np.inf, 2.0]])
    DERIVATIVES["relu"](np.array([[0.0, 0.0, 5.0]]), delta)
    np.testing.assert_array_equal(delta, [[0.0, 0.0, 2.0]])


@given(arrays(np.float64, (3, 4), elements=st.floats(-700, 700)), st.floats(-50, 50))
def test_softmax_is_a_distribution_and_ignores_a_shift(x, shift):
    p = applied("softmax", x)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-14)
    assert (p >= 0).all()
    # the shift itself is rounded: exp magnifies an error of 1e-13 in x to 1e-13 in p
    np.testing.assert_allclose(applied("softmax", x + shift), p, rtol=1e-12, atol=1e-300)


@given(arrays(np.float64, (4,), elements=st.floats(-30, 30)))
def test_logistic_is_symmetric_and_rises(x):
    z = applied("logistic", x)
    np.testing.assert_allclose(z + applied("logistic", -x), 1.0, rtol=3e-16)
    assert (np.diff(applied("logistic", np.sort(x))) >= 0).all()
