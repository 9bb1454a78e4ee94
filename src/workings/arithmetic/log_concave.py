"""Tails and quantiles of any ratio whose logarithm has a log-concave density, from that density's exponent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.error_free import Floats
from workings.arithmetic.laplace import Exponent
from workings.arithmetic.scaled import Scaled

Booleans = npt.NDArray[np.bool_]

CLOSE = 1e-8
"""Newton's next error in the tail's logarithm is about the square of this one."""

MOST_STEPS = 100
"""Far more than the handful that the starting point leaves to do."""


@dataclass(frozen=True, eq=False)
class Tails:
    """Both tails at n points: the one that does not hold the mode by quadrature, the other as what is left of 1.

    Parameters
    ----------
    deviance : DoubleDouble of shape (n,)
        How far the log density at the point is below the mode's.
    height : float
        The density, of the ratio's logarithm, at the mode.
    integral : ndarray of shape (n,)
        The tail divided by the density at the point.
    below : ndarray of bool of shape (n,)
        Whether the point is below the mode, hence the integral over the lower tail.
    """

    deviance: DoubleDouble
    height: float
    integral: Floats
    below: Booleans

    def density(self) -> Floats:
        """Return the density of the ratio's logarithm."""
        return np.asarray(self.height * np.exp(-self.deviance.high) * (1.0 - self.deviance.low))

    def tail(self, upper: bool) -> Floats:
        """Return the probability of the upper, or of the lower, tail."""
        outer = self.density() * self.integral
        return np.where(self.below != upper, outer, 1.0 - outer)

    def log_excess(self, log_p: DoubleDouble, upper: bool) -> tuple[Floats, Floats]:
        """Return the log of the tail less that of p, and the size of its derivative by the ratio's logarithm.

        The two logarithms, hundreds for small p, are subtracted as double-doubles: their difference is the relative
        error of the tail, also where tail and density are below the smallest double.
        """
        density = self.density()
        outer = -(self.deviance + log_p).high + np.log(self.height * self.integral)
        inner = 1.0 - density * self.integral
        direct = self.below != upper
        excess = np.where(direct, outer, np.log(inner) - log_p.high)
        return excess, np.where(direct, 1.0 / self.integral, density / inner)


class LogConcave(ABC):
    """A positive random ratio r, of which w = log(r) has the density height * exp(-deviance), convex, least at r = 1.

    Notes
    -----
    A tail at w is the density at w times the integral of exp(-phi(u)), phi(u) the deviance at distance u further out
    less that at w. The first factor carries all of a small tail's magnitude and is computed from double-doubles; the
    second is of moderate size, and quadrature gives it in the same 72 points for every w and shape.
    """

    @property
    @abstractmethod
    def height(self) -> float:
        """The density of w at the mode, w = 0."""

    @abstractmethod
    def expansion(self, ratio: Scaled, below: Booleans) -> tuple[DoubleDouble, Exponent]:
        """Return the deviance at the ratios, and its growth further down where `below`, further up elsewhere."""

    def tails(self, ratio: Scaled) -> Tails:
        """Return both tails at ratios of shape (n,)."""
        below = (ratio.value() - 1.0).high < 0
        deviance, growth = self.expansion(ratio, below)
        return Tails(deviance, self.height, growth.integral(), below)

    def quantile(self, p: Floats, upper: bool) -> Scaled:
        """Return the ratios that have the upper, or lower, tails p of shape (n,), in (0, 1).

        Newton's method for the tail's logarithm as a function of w, from where the deviance alone makes the tail. The
        logarithm of a tail of a log-concave density is concave (Prékopa 1973), so from the second step on the
        iterates approach from one side and need no safeguard.
        """
        log_p = Scaled.of(p).log()
        sign = 1.0 if upper else -1.0
        _, growth = self.expansion(Scaled.of(np.ones_like(p)), np.full(p.shape, not upper))
        ratio = Scaled.exp(sign * growth.reach(-log_p.high))
        for _ in range(MOST_STEPS):
            excess, slope = self.tails(ratio).log_excess(log_p, upper)
            ratio = ratio * Scaled.exp(sign * excess / slope)
            if np.all(np.abs(excess) < CLOSE):
                return ratio
        raise ArithmeticError(f"no quantile after {MOST_STEPS} steps of Newton's method: {self!r}, tails {p}.")
