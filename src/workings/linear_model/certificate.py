"""What is proved about a solution, and the rounding that a proof allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.linear_model.moments import Floats

CORRECT_DIGITS = 15.95  # -log10(2^-53): what a correctly rounded double guarantees


@dataclass(frozen=True)
class Certificate:
    """What is known for certain about the coefficients and the intercept.

    Parameters
    ----------
    method : str
        How they were bounded: ``"sliced residuals"``, ``"exact Gram matrix"``, ``"rational arithmetic"``, or
        ``"none"``.
    proved : bool
        Whether every coefficient and intercept is the correct rounding of the exact least-squares answer of the
        data, read as doubles.
    bound : float
        Largest relative distance between the exact answer and the unrounded solution; infinite where none is known.
    digits : float
        Significant decimal digits that every coefficient is guaranteed to have; 0 where none are.
    sentence : str
        The same in words.
    """

    method: str
    proved: bool
    bound: float
    digits: float
    sentence: str


def not_proved(sentence: str) -> Certificate:
    """Return the certificate of a solution that nothing is proved about.

    Parameters
    ----------
    sentence : str
        Why.
    """
    return Certificate("none", False, np.inf, 0.0, sentence)


def proved(method: str, bound: float) -> Certificate:
    """Return the certificate of a correctly rounded solution.

    Parameters
    ----------
    method : str
        How it was found.
    bound : float
        Largest relative error before rounding.
    """
    return Certificate(
        method,
        True,
        bound,
        CORRECT_DIGITS,
        "Every coefficient and the intercept are the correct rounding of the exact least-squares answer of the data, "
        "read as doubles: the same bits for any order of rows, number of threads and machine.",
    )


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


def _halfway(high: Floats) -> npt.NDArray[np.bool_]:
    """Tell doubles in the middle between two singles."""
    middle: npt.NDArray[np.bool_] = (np.ascontiguousarray(high).view(np.int64) & 0x1FFFFFFF) == 0x10000000
    return middle


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
