"""Slices: numbers cut into short pieces, so that BLAS multiplies and adds the pieces without rounding.

A product of two integers of a and b bits has ``a + b`` bits, and a sum of n of them ``a + b + log2(n)``. While that is
at most 53, a matrix product of such pieces in double arithmetic is exact, in whatever order it is summed: it does not
depend on the library, the number of threads or the order of rows.

Source: K. Ozaki, T. Ogita, S. Oishi and S. M. Rump, "Error-free transformations of matrix multiplication by using fast
routines of matrix multiplication and its applications", Numerical Algorithms 59 (2012).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

MANTISSA_BITS = 53
MOST_BITS = MANTISSA_BITS - 2  # of a number against its unit, for `round_off`
LIFT = 1.5 * 2.0 ** (MANTISSA_BITS - 1)  # of one unit


def slice_bits(terms: int) -> int:
    """Return how many bits two factors may have for a sum of products of them to be exact.

    Parameters
    ----------
    terms : int
        How many products are summed.

    Returns
    -------
    int
    """
    return (MANTISSA_BITS - (terms - 1).bit_length()) // 2


def leading(values: Floats, unit: Floats | float, out: Floats | None = None) -> Floats:
    """Return values rounded to the nearest multiple of a power of two.

    Parameters
    ----------
    values : ndarray
        At most ``2**51`` units large.
    unit : float or ndarray
        Powers of two, of a shape that broadcasts.
    out : ndarray, optional
        Where to put the result.

    Returns
    -------
    ndarray
        The rest, ``values - leading``, is exact, and at most half a unit.

    Examples
    --------
    >>> leading(np.array([0.3, -1.2, 2.5]), 0.5)
    array([ 0.5, -1. ,  2.5])
    """
    return round_off(values, unit * LIFT, out)


def round_off(values: Floats, lift: Floats | float, out: Floats | None = None) -> Floats:
    """Return `leading` for the unit ``lift / LIFT``.

    Parameters
    ----------
    values : ndarray
    lift : float or ndarray
        So large that its last bit is the unit: adding it rounds off what is below, and taking it away again is exact.
    out : ndarray, optional

    Returns
    -------
    ndarray
    """
    lifted = np.add(values, lift, out=out)
    return np.subtract(lifted, lift, out=lifted)


def cut(values: Floats, top: Floats | float, bits: int, count: int) -> tuple[list[Floats], Floats]:
    """Cut values into slices of so many bits each, from the top.

    Parameters
    ----------
    values : ndarray
        At most `top` in magnitude.
    top : float or ndarray
        Powers of two, of a shape that broadcasts.
    bits : int
        Bits of a slice, at most 50.
    count : int
        Number of slices.

    Returns
    -------
    slices : list of ndarray
        Slice s (from 1) holds multiples of ``top * 2**(-bits * s)``, the first at most `top`, the others at most half a
        unit of the slice before.
    rest : ndarray
        What is left; ``sum(slices) + rest`` is exactly `values`.
    """
    slices = []
    unit = top
    for _ in range(count):
        unit = unit * 2.0**-bits
        slices.append(leading(values, unit))
        values = values - slices[-1]
    return slices, values


def power_above(values: Floats) -> Floats:
    """Return the smallest powers of two that are larger than the magnitudes given; 1 for zero.

    Parameters
    ----------
    values : ndarray

    Returns
    -------
    ndarray

    Examples
    --------
    >>> power_above(np.array([0.75, 1.0, -3.0, 0.0]))
    array([1., 2., 4., 1.])
    """
    powers: Floats = np.ldexp(1.0, np.frexp(values)[1])
    return powers
