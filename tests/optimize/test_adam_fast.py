"""The fast form of Adam against the exact one, to a bound on the rounding of both."""

import numpy as np
import pytest

from workings.optimize import Adam

STEPS = 300


@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize(("beta_1", "beta_2", "epsilon"), [(0.9, 0.999, 1e-8), (0.5, 0.9, 1e-3), (0.0, 0.0, 1.0)])
def test_fast_agrees_to_the_rounding_of_both(kind, beta_1, beta_2, epsilon):
    """Bound the rounding of an update, with u the unit roundoff and G the largest gradient.

    A step of m rounds a product and a sum, beside the factor: at most 4 u G, so 4 u G / (1 - beta_1) after many.
    v is a sum of positive terms of which each is rounded 3 times a step: relative 3 u t, half of that in the root.
    The update m / (sqrt(v) + epsilon) has 10 roundings more, and adding it rounds theta by u |theta|.
    """
    rng = np.random.RandomState(0)
    u = np.finfo(kind).eps / 2
    gradients = rng.standard_normal((STEPS, 40)).astype(kind)
    largest = np.abs(gradients).max()
    exact = Adam(0.01, beta_1, beta_2, epsilon)
    fast = Adam(0.01, beta_1, beta_2, epsilon, fast=True)
    one = [rng.standard_normal(40).astype(kind)]
    two = [one[0].copy()]
    exact.allocate(one, [gradients[0]])
    fast.allocate(two, [gradients[0]])
    bound = np.zeros(40)
    for t, gradient in enumerate(gradients, 1):
        exact.step(one, [gradient])
        fast.step(two, [gradient])
        m, v = (np.abs(moments[0].astype(float)) for moments in (exact.first_moments, exact.second_moments))
        root = np.sqrt(v) + epsilon
        each = 4 * u * largest / (1 - beta_1) / root + m / root * (1.5 * u * t + 10 * u)
        bound += 2 * (exact.learning_rate * each + u * np.abs(one[0]))
        assert np.all(np.abs(one[0].astype(float) - two[0]) <= bound)
        assert exact.learning_rate == fast.learning_rate
    assert bound.max() < 3e4 * u  # of parameters about 1, so that the bound says something


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_fast_stays_in_the_precision_of_the_parameters(kind):
    theta, gradient = [np.ones(3, np.float32)], [np.ones(3, kind)]
    rule = Adam(fast=True)
    rule.allocate(theta, gradient)
    (update,) = rule.step(theta, gradient)
    assert {update.dtype, rule.first_moments[0].dtype, rule.second_moments[0].dtype} == {np.dtype(np.float32)}


def test_fast_returns_what_it_added():
    theta, gradient = [np.zeros(3)], [np.array([1.0, -2.0, 3.0])]
    rule = Adam(0.5, fast=True)
    rule.allocate(theta, gradient)
    (update,) = rule.step(theta, gradient)
    assert np.array_equal(update, theta[0])
    np.testing.assert_allclose(update, [-0.5, 0.5, -0.5], rtol=1e-6)
