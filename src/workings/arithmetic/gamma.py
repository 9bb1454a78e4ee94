"""The gamma distribution divided by its mean: the incomplete gamma function's two tails."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.error_free import Floats
from workings.arithmetic.laplace import Exponent
from workings.arithmetic.log_concave import Booleans, LogConcave
from workings.arithmetic.remainders import expm1_minus
from workings.arithmetic.scaled import Scaled

STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)
"""Coefficients B(2k) / (2k (2k - 1)) of a^(1 - 2k)."""


def stirling_error(a: float) -> float:
    """Return log(gamma(a)) less Stirling's (a - 1/2) log(a) - a + log(2 pi) / 2, for a > 0.

    Its series from a = 9 on, where eight terms leave 1e-17, and recurrence by gamma(a + 1) = a gamma(a) up to there.
    Source: NIST Digital Library of Mathematical Functions, 5.11.1.
    """
    error = 0.0
    while a < 9.0:
        error += (a + 0.5) * np.log1p(1 / a) - 1.0
        a += 1.0
    series = 0.0
    for coefficient in reversed(STIRLING):
        series = series / (a * a) + coefficient
    return float(error + series / a)


@dataclass(frozen=True)
class GammaRatio(LogConcave):
    """A gamma variable of shape a divided by its mean a.

    With r the ratio, w = log(r) has the density (a^a exp(-a) / gamma(a)) exp(-deviance) with the deviance
    a (r - 1 - log r).
    """

    a: float

    @cached_property
    def height(self) -> float:
        """The density of w at the mode, w = 0."""
        return float(np.sqrt(self.a / (2 * np.pi)) * np.exp(-stirling_error(self.a)))

    def expansion(self, ratio: Scaled, below: Booleans) -> tuple[DoubleDouble, Exponent]:
        """Return the deviance, and a |r - 1| u + a r (exp(v) - 1 - v), v = u upwards and -u downwards."""
        r = ratio.value()
        excess = r - 1.0
        slope, curvature = self.a * np.abs(excess.high), self.a * r.high
        sign = np.where(below, -1.0, 1.0)

        def phi(u: Floats) -> Floats:
            return slope[:, None] * u + curvature[:, None] * expm1_minus(sign[:, None] * u)

        return (excess - ratio.log()) * self.a, Exponent(phi, slope, curvature)
