"""Laplace's integral where it is known, and the remainders that make its exponents."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.arithmetic import laplace
from workings.arithmetic.beta import BetaRatio
from workings.arithmetic.gamma import GammaRatio
from workings.arithmetic.laplace import Exponent, nodes_and_weights
from workings.arithmetic.remainders import expm1_minus, log1p_minus
from workings.arithmetic.scaled import Scaled


def test_rule_integrates_powers():
    nodes, weights = nodes_and_weights()
    for power in range(72):
        # the nodes' roundings, 2^-54 each, count power times
        assert weights @ nodes**power == pytest.approx(1 / (power + 1), rel=(3 + power) * 2.0**-53)


@given(st.floats(1e-150, 1e150))
def test_line_and_parabola(scale):
    one, zero = np.array([scale]), np.array([0.0])
    assert Exponent(lambda u: scale * u, one, zero).integral()[0] == pytest.approx(1 / scale, rel=2e-15, abs=0)
    parabola = Exponent(lambda u: (scale * u) ** 2 / 2, zero, one**2)
    assert parabola.integral()[0] == pytest.approx(math.sqrt(math.pi / 2) / scale, rel=2e-15, abs=0)


@given(st.floats(0.25, 1e8), st.sampled_from([-1.0, 1.0]))
def test_reach_brackets_the_depth(x, sign):
    growth = Exponent(lambda u: x * expm1_minus(sign * u), np.array([0.0]), np.array([x]))
    for depth in (0.7, 38.0, 700.0):
        with np.errstate(over="ignore"):
            reached = growth.phi(growth.reach(np.array([depth]))[:, None])[0, 0]
        assert 0.99 * depth < reached < 2 * depth


@given(st.one_of(st.floats(-0.99, 5.0), st.floats(1e-150, 1e-6)))
def test_remainders_keep_their_digits(u):
    # at the change of formula, |u| = 1/4, the difference's terms are 9 times its value
    with mpmath.workdps(700):  # u - u - u^2 / 2 of a u of 1e-150
        exact = mpmath.mpf(u)
        for function, truth in ((expm1_minus, mpmath.expm1(exact) - exact), (log1p_minus, mpmath.log1p(exact) - exact)):
            assert abs(float(function(np.array([u]))[0]) - truth) <= 3e-15 * abs(truth) + 1e-320


def test_points_are_enough_for_every_shape(monkeypatch):
    """Twenty panels of as many points change nothing, from half a degree of freedom on, around the mode and far out."""
    shapes = [*np.geomspace(0.25, 60.0, 16), 1e3, 1e6]
    laws = [*map(GammaRatio, shapes), *(BetaRatio(a, b) for a in shapes for b in shapes)]
    logs = np.concatenate([np.linspace(-8, 8, 41), np.linspace(-1, 1, 41)])

    def integrals():
        with np.errstate(over="ignore", invalid="ignore"):
            return [law.tails(Scaled.of(np.exp(logs * min(1.0, 1.0 / law.height)))).integral for law in laws]

    values = integrals()
    points, weights = laplace.nodes_and_weights()
    fine = [(start + points) / 20 for start in range(20)]
    monkeypatch.setattr(laplace, "nodes_and_weights", lambda: (np.concatenate(fine), np.tile(weights / 20, 20)))
    # the finer sum has twenty times the terms to round; 28 points a panel are off by 1e-13
    np.testing.assert_allclose(values, integrals(), rtol=1e-14)
