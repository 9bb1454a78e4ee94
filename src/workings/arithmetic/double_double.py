"""Double-double arithmetic: numbers carried as an unevaluated sum of two doubles, about 32 decimal digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from workings.arithmetic.error_free import Floats, fast_two_sum, two_product, two_sum


@dataclass(frozen=True, eq=False)
class DoubleDouble:
    """An array of numbers ``high + low``, where `high` is their correct rounding to double.

    Parameters
    ----------
    high, low : ndarray of one shape, float64
        Normalised, ``|low| <= ulp(high) / 2``; `DoubleDouble.sum` makes it so from any two doubles.

    Notes
    -----
    ``+``, ``-``, ``*`` and ``/`` take another `DoubleDouble`, an array or a number, on either side, and broadcast.
    With u = 2^-53 their relative errors are at most 3 u^2 for sums (of any signs), 7 u^2 for products, 15 u^2 for
    quotients and 25/8 u^2 for square roots. So `high` is the correct rounding of one operation's exact result but
    for about one in 2^48.

    Holds while every double that appears lies between 4e-292 and 6e299 or is zero; fails with NaN or lost digits
    beyond. Cost: 20 flops a sum, about 25 a product or root, 35 a quotient.

    Source: M. Joldes, J.-M. Muller and V. Popescu, "Tight and rigorous error bounds for basic building blocks of
    double-word arithmetic", ACM Trans. Math. Softw. 44 (2017), algorithms 6, 10 and 17; V. Lefèvre et al., "Accurate
    calculation of Euclidean norms using double-word arithmetic", ACM Trans. Math. Softw. 49 (2023), SQRTDWtoDW.

    Examples
    --------
    >>> third = DoubleDouble.of(1.0) / 3.0
    >>> float((third * 3.0 - 1.0).high)
    0.0
    >>> float((DoubleDouble.of(1.0) + 1e-20 - 1.0).high)
    1e-20
    """

    high: Floats
    low: Floats

    __array_ufunc__ = None  # an array on the left leaves the operation to the DoubleDouble

    @classmethod
    def of(cls, value: Floats | float) -> Self:
        """Return doubles as they are."""
        high = np.asarray(value, dtype=np.float64)
        return cls(high, np.zeros_like(high))

    @classmethod
    def sum(cls, a: Floats, b: Floats) -> Self:
        """Return ``a + b``, exactly."""
        return cls(*two_sum(a, b))

    @classmethod
    def product(cls, a: Floats, b: Floats) -> Self:
        """Return ``a * b``, exactly."""
        return cls(*two_product(a, b))

    def __neg__(self) -> Self:
        return type(self)(-self.high, -self.low)

    def __add__(self, other: DoubleDouble | Floats | float) -> Self:
        other = _double_double(other)
        high, high_error = two_sum(self.high, other.high)
        low, low_error = two_sum(self.low, other.low)
        high, high_error = fast_two_sum(high, high_error + low)
        return type(self)(*fast_two_sum(high, high_error + low_error))

    __radd__ = __add__

    def __sub__(self, other: DoubleDouble | Floats | float) -> Self:
        return self + -_double_double(other)

    def __rsub__(self, other: Floats | float) -> Self:
        return -self + other

    def __mul__(self, other: DoubleDouble | Floats | float) -> Self:
        other = _double_double(other)
        high, error = two_product(self.high, other.high)
        return type(self)(*fast_two_sum(high, error + (self.high * other.low + self.low * other.high)))

    __rmul__ = __mul__

    def __truediv__(self, other: DoubleDouble | Floats | float) -> Self:
        other = _double_double(other)
        quotient = self.high / other.high
        rest = self - other * quotient
        return type(self)(*fast_two_sum(quotient, rest.high / other.high))

    def __rtruediv__(self, other: Floats | float) -> DoubleDouble:
        return _double_double(other) / self

    def sqrt(self) -> Self:
        """Return the square root; 0 of 0, NaN of negative numbers as NumPy does."""
        root = np.sqrt(self.high)
        square, error = two_product(root, root)
        rest = ((self.high - square) - error) + self.low
        with np.errstate(invalid="ignore"):
            correction = np.where(root == 0, 0.0, rest / (2.0 * root))
        return type(self)(*fast_two_sum(root, correction))


def _double_double(value: DoubleDouble | Floats | float) -> DoubleDouble:
    return value if isinstance(value, DoubleDouble) else DoubleDouble.of(value)
