"""Matrix products to more digits than double arithmetic has, from products of slices that BLAS forms exactly.

See `workings.arithmetic.slices`.
"""

from __future__ import annotations

import numpy as np

from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.error_free import two_sum
from workings.arithmetic.slices import cut, power_above, slice_bits
from workings.linear_model.moments import Floats


def sliced_product(A: Floats, B: Floats, slices: int) -> DoubleDouble:
    """Return ``A B``, accurate where it cancels.

    Parameters
    ----------
    A : ndarray of shape (m, k)
        Entries of at most 1.
    B : ndarray of shape (k, j)
        Any.
    slices : int
        Into how many slices both are cut; what is left over is multiplied in double arithmetic.

    Returns
    -------
    DoubleDouble of shape (m, j)

    Notes
    -----
    With b bits a slice (`slice_bits`), the error is about ``k 2**(-53 - b * slices)`` times the largest entry of the
    column of B. Cost: 2, 5 or 9 products for 1, 2 or 3 slices.
    """
    bits = slice_bits(A.shape[1])
    parts, rest = cut(A, 1.0, bits, slices)
    others, other_rest = cut(B, power_above(np.abs(B).max(axis=0, initial=0.0)), bits, slices)
    high: Floats = parts[0] @ others[0]
    low: Floats = rest @ B
    if other_rest.any():
        low += (A - rest) @ other_rest
    for level in range(1, slices + 1):
        for i in range(max(0, level - slices + 1), min(level, slices - 1) + 1):
            high, error = two_sum(high, parts[i] @ others[level - i])
            low += error
    return DoubleDouble.sum(high, low)


def cut_columns(Z: DoubleDouble, slices: int) -> tuple[list[Floats], Floats]:
    """Cut columns into slices for `sliced_gram`.

    Parameters
    ----------
    Z : DoubleDouble of shape (m, k)
    slices : int

    Returns
    -------
    slices : list of ndarray of shape (m, k)
    rest : ndarray of shape (m, k)
    """
    top = power_above(np.abs(Z.high).max(axis=0))
    parts, rest = cut(Z.high, top, slice_bits(len(Z.high)), slices)
    return parts, rest + Z.low


def sliced_gram(slices: list[Floats], rest: Floats) -> tuple[Floats, Floats]:
    """Return the Gram matrix of the sum of one or two slices and a rest, as two terms.

    Parameters
    ----------
    slices : list of ndarray of shape (m, k)
        One or two, of b bits each (`slice_bits`).
    rest : ndarray of shape (m, k)

    Returns
    -------
    high, low : ndarray of shape (k, k)

    Notes
    -----
    The error is about ``2**(-53 - b * len(slices))`` times m and the largest entries of two columns.
    Cost: ``3 m k**2`` flops for one slice, ``6 m k**2`` for two.
    """
    half = rest.T @ (sum(slices) + rest / 2)
    high: Floats = slices[0].T @ slices[0]
    low: Floats = half + half.T
    if len(slices) == 2:
        across = slices[0].T @ slices[1]
        low += slices[1].T @ slices[1]
        for term in (across, across.T):
            high, error = two_sum(high, term)
            low += error
    return high, low
