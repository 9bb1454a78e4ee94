"""Laplace's integral by quadrature: exp(-phi(u)) over u > 0, for a convex phi with phi(0) = 0 that does not fall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.error_free import Floats

DEPTH = 38.0
"""Where phi is this large, the rest of the integral, exp(-38) = 3e-17 of it, is below rounding."""

LADDER = 2.0 ** np.arange(-8, 13)

POINTS = 36
PANELS = ((0.0, 1 / 8), (1 / 8, 1.0))
"""Points on each panel, enough for half a degree of freedom: there phi bends near 0 and is straight far beyond."""


def _legendre(x: DoubleDouble) -> tuple[DoubleDouble, DoubleDouble]:
    """Return the Legendre polynomial of degree `POINTS` and its derivative, by the three-term recurrence."""
    before, value = DoubleDouble.of(np.ones_like(x.high)), x
    for k in range(2, POINTS + 1):
        before, value = value, (x * value * (2.0 * k - 1.0) - before * (k - 1.0)) / float(k)
    return value, (before - x * value) * float(POINTS) / (1.0 - x * x)


@cache
def nodes_and_weights() -> tuple[Floats, Floats]:
    """Return the rule's nodes in (0, 1) and weights, of shape (72,).

    NumPy's nodes, whose weights have errors of one sign that add up, after a step of Newton's method in double-doubles.
    """
    x = DoubleDouble.of(np.polynomial.legendre.leggauss(POINTS)[0])
    value, derivative = _legendre(x)
    x = x - value / derivative
    derivative = _legendre(x)[1]
    weights = 2.0 / ((1.0 - x * x) * derivative * derivative)
    panels = [(start, (end - start) / 2) for start, end in PANELS]
    nodes = [((x + 1.0) * half + start).high for start, half in panels]
    return np.concatenate(nodes), np.concatenate([weights.high * half for _, half in panels])


@dataclass(frozen=True, eq=False)
class Exponent:
    """n convex functions phi with phi(0) = 0 and phi'(0) >= 0.

    Parameters
    ----------
    phi : callable
        Takes points of shape (n, k), or (1, k) for all, and returns their values.
    slope, curvature : ndarray of shape (n,)
        phi'(0) and phi''(0), not both 0.
    """

    phi: Callable[[Floats], Floats]
    slope: Floats
    curvature: Floats

    def reach(self, depth: Floats | float) -> Floats:
        """Return about the u where phi(u) = depth > 0.

        The quadratic with the same slope and curvature gives a first u, doublings and halvings of it a bracket, and
        a straight line through log phi the point between: a little beyond the true one, as log phi is concave in u
        for all that is between a parabola and an exponential.
        """
        quadratic = 2.0 * depth / (self.slope + np.hypot(self.slope, np.sqrt(2.0 * depth * self.curvature)))
        ends = quadratic[:, None] * LADDER
        depths = self.phi(ends)
        rows = np.arange(len(ends))
        beyond = np.maximum(np.argmax(depths >= np.reshape(depth, (-1, 1)), axis=1), 1)
        near, far = depths[rows, beyond - 1], depths[rows, beyond]
        start = ends[rows, beyond - 1]
        share = np.log(depth / near) / np.log(far / near)
        return np.asarray(start + (ends[rows, beyond] - start) * share)

    def integral(self) -> Floats:
        """Return the integral of exp(-phi) from 0 to infinity, to a few units of rounding.

        All terms of the sum are positive and phi enters with the absolute error of its rounding: nothing cancels.
        """
        nodes, weights = nodes_and_weights()
        end = self.reach(DEPTH)
        return np.asarray(end * (np.exp(-self.phi(end[:, None] * nodes)) @ weights))
