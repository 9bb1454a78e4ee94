"""RMSProp against exact rational moments."""

from fractions import Fraction as Q

import numpy as np
import pytest
from mpmath import mp, mpf

from workings.optimize import RMSProp


def steps(rule, theta, gradients):
    parameter, path = [np.array([theta])], []
    rule.allocate(parameter, [np.zeros(1)])
    for gradient in gradients:
        rule.step(parameter, [np.array([gradient])])
        path.append(float(parameter[0][0]))
    return path


def test_three_steps_from_exact_moments():
    # decay 3/4, epsilon 1/8: v = 9/4, then 27/16 + 1/4 = 31/16, then 93/64 + 1 = 157/64
    gradients, v, theta, expected = [Q(3), Q(-1), Q(2)], Q(0), mpf(1), []
    squares = []
    with mp.workdps(40):
        for g in gradients:
            v = v * 3 / 4 + g * g / 4
            squares.append(v)
            theta -= mpf("0.5") * int(g) / (mp.sqrt(mpf(v.numerator) / v.denominator) + mpf("0.125"))
            expected.append(float(theta))
    assert squares == [Q(9, 4), Q(31, 16), Q(157, 64)]
    path = steps(RMSProp(0.5, decay=0.75, epsilon=0.125), 1.0, [3.0, -1.0, 2.0])
    np.testing.assert_allclose(path, expected, rtol=1e-14)  # some 10 roundings of 1.1e-16 a step


def test_first_step_by_hand():
    # sqrt(v) = sqrt(0.01 * 25) = 0.5; 0.1 * 5 / (0.5 + 0.5) = 0.5
    assert steps(RMSProp(0.1, decay=0.99, epsilon=0.5), 0.0, [5.0])[0] == pytest.approx(-0.5, rel=1e-14)


def test_without_memory_it_steps_by_the_sign():
    path = steps(RMSProp(0.25, decay=0.0, epsilon=1e-300), 0.0, [7.0, -0.001, -5.0])
    assert path == [-0.25, 0.0, 0.25]


def test_constant_gradients_lead_to_steps_of_the_rate():
    path = steps(RMSProp(0.5, decay=0.5, epsilon=1e-300), 0.0, [3.0] * 60)
    assert path[58] - path[59] == pytest.approx(0.5, rel=1e-13)  # 1 - 2^-60 below the root; differences of about 30


def test_single_precision_stays_single():
    theta, gradient = [np.ones(3, np.float32)], [np.ones(3, np.float32)]
    rule = RMSProp(0.1)
    rule.allocate(theta, gradient)
    (update,) = rule.step(theta, gradient)
    assert update.dtype == theta[0].dtype == np.float32
