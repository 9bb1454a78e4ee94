"""Error-free transformations: sums and products of doubles together with what their rounding left over.

All take and return float64 arrays (or numbers) and rely on rounding to nearest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

SPLITTER = 2.0**27 + 1.0
UNIT_ROUNDOFF = 2.0**-53  # largest relative error of one rounding to the nearest double
SMALLEST = 2.0**-1074  # double larger than zero


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return ``a + b`` rounded, and the error.

    Parameters
    ----------
    a, b : float64 array or number
        Of shapes that broadcast.

    Returns
    -------
    total, error : ndarray or number
        ``total + error`` is the exact sum.

    Notes
    -----
    Exact for all doubles, subnormal ones too, whose sum does not overflow.
    Source: D. E. Knuth, The Art of Computer Programming 2, section 4.2.2, theorem B.
    """
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def fast_two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return ``a + b`` rounded, and the error, for ``|a| >= |b|`` or ``a = 0``.

    Parameters
    ----------
    a, b : float64 array or number
        Of shapes that broadcast.

    Returns
    -------
    total, error : ndarray or number
        ``total + error`` is the exact sum.

    Notes
    -----
    Exact there where `two_sum` is; fails, by rounding the error, where b is the larger one.
    Source: T. J. Dekker, Numerische Mathematik 18 (1971), formula 4.7.
    """
    total = a + b
    return total, b - (total - a)


def split(a: Floats) -> tuple[Floats, Floats]:
    """Return halves of 26 bits each, ``a = high + low``, whose products with other halves are exact.

    Parameters
    ----------
    a : float64 array or number

    Returns
    -------
    high, low : ndarray or number

    Notes
    -----
    Exact for magnitudes up to 2^996 (6e299), beyond which it overflows.
    Source: T. J. Dekker, Numerische Mathematik 18 (1971), formula 5.5.
    """
    lifted = a * SPLITTER
    high = lifted - (lifted - a)
    return high, a - high


def two_product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return ``a * b`` rounded, and the error.

    Parameters
    ----------
    a, b : float64 array or number
        Of shapes that broadcast.

    Returns
    -------
    product, error : ndarray or number
        ``product + error`` is the exact product.

    Notes
    -----
    Exact while factors are at most 2^996 (6e299), and the product is zero or between 2^-968 (4e-292) and 2^1022:
    below, the error is smaller than the last bit of the smallest double.
    Source: T. J. Dekker, Numerische Mathematik 18 (1971), formula 5.12.
    """
    product = a * b
    (a_high, a_low), (b_high, b_low) = split(a), split(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def sum_rows(terms: Floats) -> tuple[Floats, Floats]:
    """Return the sum over the first axis as two doubles, by pairs, with every pair's rounding error kept.

    Parameters
    ----------
    terms : ndarray of shape (n, m), n > 0

    Returns
    -------
    high, low : ndarray of shape (m,)
        Not normalised: where terms cancel, `low` may be the larger one.

    Notes
    -----
    The error of ``high + low`` is about ``n log2(n) 2^-106`` times the sum of magnitudes, from adding up the errors.
    Source: T. Ogita, S. M. Rump and S. Oishi, SIAM J. Sci. Comput. 26 (2005), algorithm 4.4, with pairs in place of
    a running sum.
    """
    low = terms[0] * 0.0
    while len(terms) > 1:
        half = len(terms) // 2
        pairs, errors = two_sum(terms[:half], terms[half : 2 * half])
        low = low + errors.sum(axis=0)
        if len(terms) % 2:
            pairs[0], error = two_sum(pairs[0], terms[-1])
            low = low + error
        terms = pairs
    return terms[0], low
