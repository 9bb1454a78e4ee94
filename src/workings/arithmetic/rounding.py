"""Correct rounding: of numbers known up to a bound, and of rational numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


def decided(high: Floats, low: Floats, bound: Floats, dtype: npt.DTypeLike) -> npt.NDArray[np.bool_]:
    """Tell where all numbers within a bound of ``high + low`` round to the same number of a float type.

    Parameters
    ----------
    high, low, bound : ndarray
        Of one shape; low small against high.
    dtype : float32 or float64

    Returns
    -------
    ndarray of bool

    Notes
    -----
    A. Ziv's test ("Fast evaluation of elementary mathematical functions with correctly rounded last bit", ACM Trans.
    Math. Softw. 17, 1991). Rounding is monotonic, so both ends of an interval that round alike speak for all of it.
    """
    wide = bound + np.abs(low) * 2.0**-51
    same: npt.NDArray[np.bool_] = high + (low + wide) == high + (low - wide)
    if np.dtype(dtype) == np.float64:
        return same
    return same & (~_halfway(high) | (np.abs(low) > wide))


def rounded(high: Floats, low: Floats, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Round unevaluated sums of two doubles to a float type, once.

    Parameters
    ----------
    high, low : ndarray
        ``high`` is the sum rounded to double, ``low`` the rest.
    dtype : float32 or float64

    Returns
    -------
    ndarray

    Notes
    -----
    A double halfway between two singles hides on which side of it the sum lies; it is moved a bit to that side.
    """
    if np.dtype(dtype) == np.float64:
        return high
    with np.errstate(over="ignore"):
        aside = np.nextafter(high, np.copysign(np.inf, low))
        return np.where(_halfway(high) & (low != 0), aside, high).astype(dtype)


def rounded_fractions(values: Sequence[Fraction], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Round rational numbers to a float type, once, midpoints to the even neighbour.

    Parameters
    ----------
    values : sequence of Fraction
        Within the range of doubles.
    dtype : float32 or float64

    Returns
    -------
    ndarray

    Notes
    -----
    For float32 an inexact double is first made odd in its last bit, on the side of the rational number: it then lies
    on no midpoint of singles, subnormal ones included, and on the right side of all.
    Source: S. Boldo and G. Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding
    to odd", IEEE Trans. Comput. 57 (2008).

    Examples
    --------
    >>> rounded_fractions([Fraction(1, 3), Fraction(2**24 + 1)], np.float32).tolist()
    [0.3333333432674408, 16777216.0]
    """
    high = np.array([float(value) for value in values], dtype=np.float64)
    if np.dtype(dtype) == np.float64:
        return high
    side = np.array([(value > top) - (value < top) for value, top in zip(values, high.tolist(), strict=True)])
    even = high.view(np.int64) % 2 == 0
    aside = np.nextafter(high, np.copysign(np.inf, side))
    with np.errstate(over="ignore"):
        return np.where(even & (side != 0), aside, high).astype(dtype)


def _halfway(high: Floats) -> npt.NDArray[np.bool_]:
    """Tell doubles in the middle between two singles."""
    middle: npt.NDArray[np.bool_] = (np.ascontiguousarray(high).view(np.int64) & 0x1FFFFFFF) == 0x10000000
    return middle
