"""The ratio of two gamma variables, each divided by its mean: the incomplete beta function's two tails."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.error_free import Floats
from workings.arithmetic.gamma import stirling_error
from workings.arithmetic.laplace import Exponent
from workings.arithmetic.log_concave import Booleans, LogConcave
from workings.arithmetic.remainders import expm1_minus, log1p_minus
from workings.arithmetic.scaled import Scaled


@dataclass(frozen=True)
class BetaRatio(LogConcave):
    """The odds x / (1 - x) of a beta variable of shapes a and b, divided by a / b.

    With r the ratio, p = a / (a + b) and q = b / (a + b), we have p / x = p + q / r and q / (1 - x) = p r + q; and
    w = log(r) has the density (p^a q^b / B(a, b)) exp(-deviance) with the deviance a log(p / x) + b log(q / (1 - x)).
    """

    a: float
    b: float

    @cached_property
    def height(self) -> float:
        """The density of w at the mode, w = 0."""
        a, b = self.a, self.b
        errors = stirling_error(a + b) - stirling_error(a) - stirling_error(b)
        return float(np.sqrt(a / (a + b) * b / (2 * np.pi)) * np.exp(errors))

    @cached_property
    def _mean(self) -> tuple[Scaled, Scaled]:
        total = DoubleDouble.sum(np.asarray(self.a), np.asarray(self.b))
        return Scaled.of(self.a / total), Scaled.of(self.b / total)

    def expansion(self, ratio: Scaled, below: Booleans) -> tuple[DoubleDouble, Exponent]:
        """Return the deviance, and its growth with the linear term apart.

        Downwards by u the growth is a u + n log(1 + x (exp(-u) - 1)), n = a + b, which is
        (a - n x) u + n (log(1 + x (exp(-u) - 1)) + x u), and by symmetry the same with 1 - x and u, where the term in
        brackets cancels for x near 1. Upwards a and b, x and 1 - x change places.
        """
        p, q = self._mean
        inverse = Scaled.of(1.0) / ratio
        p_over_x, q_over_y = p + q * inverse, p * ratio + q
        x, y = (p / p_over_x).value().high, (q / q_over_y).value().high
        # a - n x = a (1 - x) (1 - r) and b - n (1 - x) = b x (1 - 1/r)
        slope = np.where(below, self.a * y * (1.0 - ratio.value()).high, self.b * x * (1.0 - inverse.value()).high)
        n = self.a + self.b
        near, far = np.where(below, x, y)[:, None], np.where(below, y, x)[:, None]

        def phi(u: Floats) -> Floats:
            mirrored = (near > 0.5) & (far * np.expm1(u) < 1.0)
            weight, v = np.where(mirrored, far, near), np.where(mirrored, u, -u)
            return slope[:, None] * u + n * (log1p_minus(weight * np.expm1(v)) + weight * expm1_minus(v))

        deviance = p_over_x.log() * self.a + q_over_y.log() * self.b
        return deviance, Exponent(phi, slope, n * x * y)
