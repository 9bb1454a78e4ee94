"""The update rules against steps worked out by hand or in exact rational arithmetic."""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.optimize import Adam, Adaptive, GradientDescent, InverseScaling


def run(rule, theta, gradients):
    parameter = [np.array([theta])]
    path = []
    rule.allocate(parameter, [np.array([0.0])])
    for gradient in gradients:
        rule.step(parameter, [np.array([gradient])])
        path.append(float(parameter[0][0]))
    return path


def test_plain_descent():
    assert run(GradientDescent(0.5, momentum=0.0, nesterov=False), 1.0, [1.0, -2.0]) == [0.5, 1.5]


def test_polyak_momentum_by_hand():
    # v1 = -0.25 * 4 = -1, v2 = 0.5 * -1 - 0.25 * 2 = -1, v3 = 0.5 * -1 - 0 = -0.5
    assert run(GradientDescent(0.25, 0.5, nesterov=False), 8.0, [4.0, 2.0, 0.0]) == [7.0, 6.0, 5.5]


def test_nesterov_momentum_by_hand():
    # v as above: -1, -1, -0.5; the step is 0.5 v - 0.25 g: -0.5 - 1 = -1.5, -0.5 - 0.5 = -1, -0.25
    assert run(GradientDescent(0.25, 0.5, nesterov=True), 8.0, [4.0, 2.0, 0.0]) == [6.5, 5.5, 5.25]


def test_adam_corrects_its_bias():
    # m = 0.1 g, v = 0.001 g^2, corrected to g and g^2: the first step is the learning rate, up to epsilon
    (after,) = run(Adam(0.01), 1.0, [5.0])
    assert after == pytest.approx(0.99, rel=1e-7)
    # without correction it would be 0.1 / sqrt(0.001) = 3.16 times longer


def test_adam_against_exact_moments():
    # beta_1 = 1/2, beta_2 = 3/4; the moments are rational, the root is taken at the end
    gradients = [Q(3), Q(-1), Q(2)]
    m = v = Q(0)
    theta = 1.0
    expected = []
    for t, g in enumerate(gradients, 1):
        m = m / 2 + g / 2
        v = v * 3 / 4 + g * g / 4
        corrected_m = m / (1 - Q(1, 2) ** t)
        corrected_v = v / (1 - Q(3, 4) ** t)
        theta -= 0.125 * float(corrected_m) / float(corrected_v) ** 0.5
        expected.append(theta)
    path = run(Adam(0.125, beta_1=0.5, beta_2=0.75, epsilon=1e-300), 1.0, [float(g) for g in gradients])
    np.testing.assert_allclose(path, expected, rtol=1e-14)  # a dozen roundings of 1.1e-16 each


def test_adam_adds_epsilon_to_the_uncorrected_root():
    # m = 0.1, sqrt(v) = sqrt(0.001); rate = sqrt(0.001) / 0.1
    rate = 0.1 * np.sqrt(0.001) / 0.1
    (after,) = run(Adam(0.1, epsilon=1.0), 0.0, [1.0])
    assert after == pytest.approx(-rate * 0.1 / (np.sqrt(0.001) + 1.0), rel=1e-14)


@pytest.mark.parametrize(
    "make", [lambda: Adam(0.1), lambda: GradientDescent(0.1), lambda: GradientDescent(0.1, 0.5, False)]
)
def test_blocks_do_not_matter(make):
    rng = np.random.RandomState(0)
    whole, parts = rng.randn(7), [np.empty(3), np.empty(4)]
    parts[0][:], parts[1][:] = whole[:3], whole[3:]
    one, two = make(), make()
    one.allocate([whole], [whole])
    two.allocate(parts, parts)
    for _ in range(5):
        gradient = rng.randn(7)
        update = one.step([whole], [gradient])[0].copy()
        updates = two.step(parts, [gradient[:3], gradient[3:]])
        assert np.array_equal(np.concatenate(updates), update)
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("make", [lambda: Adam(0.1), lambda: GradientDescent(0.1)])
def test_moments_survive_a_second_allocation(make):
    gradients = [1.0, -2.0, 0.5]
    straight = run(make(), 1.0, gradients)
    rule, theta = make(), [np.array([1.0])]
    for gradient in gradients:
        rule.allocate(theta, [np.array([0.0])])
        rule.step(theta, [np.array([gradient])])
    assert theta[0][0] == straight[-1]


def test_single_precision_parameters_keep_their_type():
    theta = [np.ones(3, np.float32)]
    for rule in (Adam(0.1), GradientDescent(0.1)):
        rule.allocate(theta, theta)
        rule.step(theta, [np.ones(3, np.float32)])
        assert theta[0].dtype == np.float32
    assert Adam(0.1).t == 0


def test_the_schedule_steers_the_rate():
    rule = GradientDescent(0.3, schedule=InverseScaling(0.5))
    rule.after_epoch(8)
    assert rule.learning_rate == pytest.approx(0.1, rel=1e-15)
    adaptive = GradientDescent(0.5, schedule=Adaptive())
    assert not adaptive.on_plateau().stop
    assert adaptive.learning_rate == 0.1
    assert Adam(0.5).on_plateau().stop


@given(st.floats(-100, 100), st.floats(0.01, 10))
def test_descent_is_linear_in_the_gradient(gradient, scale):
    once = run(GradientDescent(0.5, 0.25), 0.0, [gradient, gradient])
    scaled = run(GradientDescent(0.5, 0.25), 0.0, [scale * gradient, scale * gradient])
    np.testing.assert_allclose(scaled, np.multiply(once, scale), rtol=1e-13, atol=1e-290)


@given(st.floats(1e-3, 1e3), st.sampled_from([-1.0, 1.0]), st.floats(1e-4, 1.0))
def test_adam_first_step_does_not_depend_on_the_scale(size, sign, rate):
    (after,) = run(Adam(rate), 0.0, [sign * size])
    # epsilon / sqrt(v) = 1e-8 / (0.0316 |g|)
    assert after == pytest.approx(-sign * rate, rel=4e-7 / size)
