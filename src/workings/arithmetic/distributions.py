"""The normal, Student's t, Fisher's F and chi-squared distributions, to 13 digits however small the tail."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np

from workings.arithmetic.beta import BetaRatio
from workings.arithmetic.error_free import Floats
from workings.arithmetic.gamma import GammaRatio
from workings.arithmetic.log_concave import LogConcave
from workings.arithmetic.scaled import Scaled

FloatOrArray = TypeVar("FloatOrArray", float, Floats)

LEAST_DF, MOST_DF = 0.5, 1e15
"""Below, the quadrature's points are too few; above, the double-doubles' digits."""

BLOCK = 1024
"""Points at a time: the 72 values of each fill 0.6 megabytes."""


class _Distribution(ABC):
    """A distribution of which a ratio with a log-concave logarithm is a function of the distance from 0."""

    @property
    @abstractmethod
    def _law(self) -> LogConcave:
        """The ratio's distribution."""

    @abstractmethod
    def _ratio(self, distance: Floats) -> Scaled:
        """Return the ratio for points in (0, inf)."""

    @abstractmethod
    def _distance(self, ratio: Scaled) -> Scaled:
        """Return the point of a ratio."""

    @abstractmethod
    def _tail(self, x: Floats, upper: bool) -> Floats: ...

    @abstractmethod
    def _quantile(self, q: Floats, upper: bool) -> Floats: ...

    def cdf(self, x: FloatOrArray) -> FloatOrArray:
        """Return the probability of values up to x: NaN for NaN, a float for a float."""
        return _pointwise(lambda block: self._tail(block, upper=False), x)

    def sf(self, x: FloatOrArray) -> FloatOrArray:
        """Return the probability of values above x: NaN for NaN, a float for a float."""
        return _pointwise(lambda block: self._tail(block, upper=True), x)

    def ppf(self, q: FloatOrArray) -> FloatOrArray:
        """Return the x with ``cdf(x) = q``: NaN for NaN, a ValueError for q outside [0, 1]."""
        return _pointwise(lambda block: self._quantile(_probabilities(block), upper=False), q)

    def isf(self, q: FloatOrArray) -> FloatOrArray:
        """Return the x with ``sf(x) = q``: NaN for NaN, a ValueError for q outside [0, 1]."""
        return _pointwise(lambda block: self._quantile(_probabilities(block), upper=True), q)

    def _distance_tails(self, distance: Floats) -> tuple[Floats, Floats]:
        """Return the probabilities of smaller and of larger distances from 0."""
        inside = (distance > 0) & (distance < np.inf)
        tails = self._law.tails(self._ratio(np.where(inside, distance, 1.0)))
        edge = np.where(np.isnan(distance), np.nan, distance > 0)
        return np.where(inside, tails.tail(upper=False), edge), np.where(inside, tails.tail(upper=True), 1.0 - edge)

    def _distance_quantile(self, q: Floats, upper: bool) -> Floats:
        """Return the distances with these tails; for q above 1/2 from the other one, 1 - q, which is exact."""
        inside = (q > 0) & (q < 1)
        result = np.where(np.isnan(q), np.nan, np.where((q == 0) == upper, np.inf, 0.0))
        for mirrored, rows in ((False, inside & (q <= 0.5)), (True, inside & (q > 0.5))):
            if rows.any():
                tail = 1.0 - q[rows] if mirrored else q[rows]
                result[rows] = self._distance(self._law.quantile(tail, upper != mirrored)).value().high
        return result


class _HalfLine(_Distribution):
    """Values are distances."""

    def _tail(self, x: Floats, upper: bool) -> Floats:
        return self._distance_tails(x)[int(upper)]

    def _quantile(self, q: Floats, upper: bool) -> Floats:
        return self._distance_quantile(q, upper)


class _Symmetric(_Distribution):
    """Values are distances with either sign, and the ratio is their square."""

    def _ratio(self, distance: Floats) -> Scaled:
        root = Scaled.of(distance)
        return root * root

    def _distance(self, ratio: Scaled) -> Scaled:
        return ratio.sqrt()

    def _tail(self, x: Floats, upper: bool) -> Floats:
        outwards = x if upper else -x
        smaller, larger = self._distance_tails(np.abs(x))
        return np.where(outwards >= 0, larger / 2, 0.5 + smaller / 2)

    def _quantile(self, q: Floats, upper: bool) -> Floats:
        distance = self._distance_quantile(2.0 * np.where(q > 0.5, 1.0 - q, q), upper=True)
        return np.where((q <= 0.5) == upper, distance, -distance) + 0.0


@dataclass(frozen=True)
class Normal(_Symmetric):
    """The standard normal distribution.

    `sf` and `cdf` take a float or an array of them and return probabilities of the same shape; `isf` and `ppf` are
    their inverses.

    Notes
    -----
    The relative error of each is below 5e-15, from the mean to tails of 2e-308; below, the probability has the digits
    that subnormal numbers have, and is 0 from x = 38.6 on. A quantile is as close to the exact one of the q given:
    `isf` of a small q is precise where `ppf` of 1 - q cannot be. Fails with ValueError for q outside [0, 1].

    x² is chi-squared with one degree of freedom, so see `ChiSquared`. Cost: as `ChiSquared`.

    Examples
    --------
    >>> normal = Normal()
    >>> print(f"{normal.sf(1.96):.12f} {normal.sf(30.0):.12e} {normal.isf(0.025):.12f}")
    0.024997895148 4.906713927148e-198 1.959963984540
    """

    @cached_property
    def _law(self) -> LogConcave:
        return GammaRatio(0.5)

    def _ratio(self, distance: Floats) -> Scaled:
        return super()._ratio(np.minimum(distance, 1e6))  # far in the zeros, and its exponential is finite


@dataclass(frozen=True)
class StudentT(_Symmetric):
    """Student's t distribution.

    Parameters
    ----------
    df : float
        Degrees of freedom, from 0.5 to 1e15; beyond, take `Normal`.

    Raises
    ------
    ValueError
        df outside that range.

    Notes
    -----
    The relative error of `sf` and `cdf` is below 5e-15 whatever df and x, and of quantiles below 1e-14.
    t² is F with 1 and df degrees of freedom, so see `FisherF`.

    Examples
    --------
    >>> t = StudentT(10)
    >>> print(f"{t.sf(2.0):.12f} {t.sf(1e20):.12e} {t.isf(0.025):.12f}")
    0.036694017385 1.230468750000e-196 2.228138851986
    """

    df: float

    def __post_init__(self) -> None:
        _check_df(self.df, "df")

    @cached_property
    def _law(self) -> LogConcave:
        return BetaRatio(0.5, self.df / 2)


@dataclass(frozen=True)
class FisherF(_HalfLine):
    """Fisher's F distribution, of the ratio of two independent chi-squared variables over their degrees of freedom.

    Parameters
    ----------
    df1, df2 : float
        Degrees of freedom of the numerator and the denominator, from 0.5 to 1e15; for larger df2, df1 F is
        `ChiSquared` of df1.

    Raises
    ------
    ValueError
        A df outside that range.

    Notes
    -----
    The relative error of `sf` and `cdf` is below 5e-15 whatever the df and x, and of quantiles below 1e-14.
    A tail is the density times Laplace's integral of its decay. In a = df1 / 2 and b = df2 / 2, with the beta
    variable y = a x / (a x + b) and its mean p = a / (a + b), the density of log(x) is::

        sqrt(a b / (2 pi (a + b))) exp(s(a + b) - s(a) - s(b)) exp(-(a log(p / y) + b log((1 - p) / (1 - y))))

    s being the error of Stirling's formula; the last exponent is computed in double-doubles, as for a tail of 1e-300
    its rounding to double would already leave 13 digits. Cost: about 100 evaluations of the integrand, with two
    exponentials and a logarithm each, for a probability, and 4 to 10 times that for a quantile; for all df alike.
    Memory: six megabytes, in blocks of 1024 points.

    Source: the deviance form is C. Loader's, "Fast and accurate computation of binomial probabilities" (2000).

    Examples
    --------
    >>> F = FisherF(2, 10)
    >>> print(f"{F.sf(4.0):.12f} {(1 + 2 * 4.0 / 10) ** -5:.12f} {F.isf(0.05):.12f}")
    0.052922149401 0.052922149401 4.102821015130
    """

    df1: float
    df2: float

    def __post_init__(self) -> None:
        _check_df(self.df1, "df1")
        _check_df(self.df2, "df2")

    @cached_property
    def _law(self) -> LogConcave:
        return BetaRatio(self.df1 / 2, self.df2 / 2)

    def _ratio(self, distance: Floats) -> Scaled:
        return Scaled.of(distance)

    def _distance(self, ratio: Scaled) -> Scaled:
        return ratio


@dataclass(frozen=True)
class ChiSquared(_HalfLine):
    """The chi-squared distribution.

    Parameters
    ----------
    df : float
        Degrees of freedom, from 0.5 to 1e15.

    Raises
    ------
    ValueError
        df outside that range.

    Notes
    -----
    The relative error of `sf` and `cdf` is below 5e-15 whatever df and x, and of quantiles below 1e-14.
    A tail is the density times Laplace's integral of its decay, as for `FisherF` and at half its cost. In
    a = df / 2 and r = x / df, the density of log(x) is::

        sqrt(a / (2 pi)) exp(-s(a)) exp(-a (r - 1 - log(r)))

    Examples
    --------
    >>> import math
    >>> chi_squared = ChiSquared(2)
    >>> print(f"{chi_squared.sf(1200.0):.12e} {math.exp(-600.0):.12e} {chi_squared.isf(0.05):.12f}")
    2.650396553004e-261 2.650396553004e-261 5.991464547108
    """

    df: float

    def __post_init__(self) -> None:
        _check_df(self.df, "df")

    @cached_property
    def _law(self) -> LogConcave:
        return GammaRatio(self.df / 2)

    def _ratio(self, distance: Floats) -> Scaled:
        # far in the zeros, and its exponential is finite
        return Scaled.of(np.minimum(distance, 1e12 * self.df)) / Scaled.of(self.df)

    def _distance(self, ratio: Scaled) -> Scaled:
        return ratio * Scaled.of(self.df)


def _check_df(df: Any, name: str) -> None:
    if not LEAST_DF <= df <= MOST_DF:
        raise ValueError(f"{name} must be from {LEAST_DF} to {MOST_DF:g} degrees of freedom, got {df!r}.")


def _probabilities(q: Floats) -> Floats:
    if np.any((q < 0) | (q > 1)):
        raise ValueError(f"A probability must be in [0, 1], got {q[(q < 0) | (q > 1)][0]}.")
    return q


def _pointwise(function: Callable[[Floats], Floats], x: FloatOrArray) -> FloatOrArray:
    values = np.asarray(x, dtype=np.float64)
    flat = values.ravel()
    result = np.empty_like(flat)
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, BLOCK):
            result[start : start + BLOCK] = function(flat[start : start + BLOCK])
    return cast(FloatOrArray, float(result[0]) if values.ndim == 0 else result.reshape(values.shape))
