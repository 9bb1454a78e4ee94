"""Positive numbers of 32 digits whose exponent has no limit, and their logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.error_free import Floats

Integers = npt.NDArray[np.integer[Any]]

LOG_2 = DoubleDouble(np.asarray(0.6931471805599453), np.asarray(2.3190468138462996e-17))
TWO_THIRDS = DoubleDouble.of(2.0) / 3.0


@dataclass(frozen=True, eq=False)
class Scaled:
    """An array of positive numbers ``mantissa * 2**exponent``.

    The square of a t statistic of 1e200 and its logarithm are ordinary numbers here.

    Parameters
    ----------
    mantissa : DoubleDouble
        Between about sqrt(1/2) and sqrt(2); `Scaled.of` makes it so.
    exponent : ndarray of int
    """

    mantissa: DoubleDouble
    exponent: Integers

    @classmethod
    def of(cls, value: DoubleDouble | Floats | float, exponent: Integers | int = 0) -> Self:
        """Return ``value * 2**exponent``."""
        value = value if isinstance(value, DoubleDouble) else DoubleDouble.of(value)
        fraction, shift = np.frexp(value.high)
        shift = shift - (fraction < np.sqrt(0.5))
        return cls(DoubleDouble(np.ldexp(value.high, -shift), np.ldexp(value.low, -shift)), shift + exponent)

    @classmethod
    def exp(cls, power: Floats) -> Self:
        """Return exp(power), with a relative error of 2^-53 |power|: near 1 it has more digits than a double."""
        exponent = np.rint(power / LOG_2.high)
        return cls.of(
            DoubleDouble.sum(np.ones_like(power), np.expm1(power - exponent * LOG_2.high)), exponent.astype(int)
        )

    def __add__(self, other: Scaled) -> Scaled:
        top = np.maximum(self.exponent, other.exponent)
        return Scaled.of(self._shifted(top) + other._shifted(top), top)

    def __mul__(self, other: Scaled) -> Scaled:
        return Scaled.of(self.mantissa * other.mantissa, self.exponent + other.exponent)

    def __truediv__(self, other: Scaled) -> Scaled:
        return Scaled.of(self.mantissa / other.mantissa, self.exponent - other.exponent)

    def sqrt(self) -> Scaled:
        """Return the square root."""
        return Scaled.of((self.mantissa * (1.0 + self.exponent % 2)).sqrt(), self.exponent // 2)

    def _shifted(self, exponent: Integers | int) -> DoubleDouble:
        shift = self.exponent - exponent
        return DoubleDouble(np.ldexp(self.mantissa.high, shift), np.ldexp(self.mantissa.low, shift))

    def value(self) -> DoubleDouble:
        """Return the numbers without an exponent: infinite or 0 beyond the range of doubles."""
        return self._shifted(0)

    def log(self) -> DoubleDouble:
        """Return the natural logarithm.

        Notes
        -----
        With z = (m - 1) / (m + 1), log m = 2 (z + z^3/3 + z^5/5 + ...). The first two terms are double-doubles and
        the rest, at most z^4/5 <= 2e-4 of the first, doubles: the absolute error is below 2^-53 |z|^5, thus
        3e-20 at worst and 1e-32 where the number is within 0.1% of a power of 2.
        """
        z = (self.mantissa - 1.0) / (self.mantissa + 1.0)
        square = z * z
        rest = np.zeros_like(z.high)
        for power in range(25, 3, -2):
            rest = rest * square.high + 2.0 / power
        cubed = square * z
        return LOG_2 * self.exponent.astype(float) + (z * 2.0 + cubed * TWO_THIRDS + cubed.high * square.high * rest)
