"""Which of two points is nearer to a third, without any rounding."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.slices import MANTISSA_BITS, leading, power_above

Floats = npt.NDArray[np.floating[Any]]
Signs = npt.NDArray[np.int8]

MOST_SLICES = 12  # 240 bits and more below the largest coordinate; what reaches deeper is compared as fractions
BLOCK = 1 << 15  # coordinates at a time


def compare_distances(points: Floats, first: Floats, second: Floats) -> Signs:
    """Return the sign of ``|x - a|² - |x - b|²`` for rows x, a and b.

    Parameters
    ----------
    points, first, second : ndarray of shape (m, d), float64
        At most 2^500 (3e150) in magnitude.

    Returns
    -------
    ndarray of int8, shape (m,)
        -1 where a is nearer, 1 where b is, 0 where both are equally far, in exact arithmetic.

    Notes
    -----
    The difference is ``sum over the coordinates of (b - a)(2x - a - b)``. Coordinates are cut into slices on one grid a
    row, so both factors are short integers, slice by slice, and sums of their products are exact in double arithmetic
    (see `workings.arithmetic.slices`). They are added up as 64-bit integers with carries.
    Cost: about ``20 s + 3 s**2`` operations a coordinate for s slices, s = 3 or 4 for coordinates of one size.
    Fails when (is slow) the coordinates of one row differ in size by more than 2^180: fractions then.

    Examples
    --------
    >>> third = np.array([[1 / 3, 0.0]])
    >>> compare_distances(np.zeros((1, 2)), third, -third)
    array([0], dtype=int8)
    >>> compare_distances(np.full((1, 2), 1e-30), third, -third)
    array([-1], dtype=int8)
    """
    signs = np.zeros(len(points), dtype=np.int8)
    step = max(BLOCK // points.shape[1], 1)
    for start in range(0, len(points), step):
        rows = slice(start, start + step)
        signs[rows] = _compare(points[rows], first[rows], second[rows])
    return signs


def _compare(points: Floats, first: Floats, second: Floats) -> Signs:
    largest = np.abs(points).max(axis=1)
    for other in (first, second):
        np.maximum(largest, np.abs(other).max(axis=1), out=largest)
    unit = power_above(largest)[:, np.newaxis]
    scale = np.minimum(unit, 1.0)  # lifts small rows, exactly, so that no unit underflows
    unit, x, a, b = unit / scale, points / scale, first / scale, second / scale
    bits = (MANTISSA_BITS - 3 - (points.shape[1] - 1).bit_length()) // 2
    differences, sums = list[Floats](), list[Floats]()
    left = np.ones(len(points), dtype=np.bool_)
    while left.any() and len(sums) < MOST_SLICES:
        unit = unit * 2.0**-bits
        x_part, a_part, b_part = leading(x, unit), leading(a, unit), leading(b, unit)
        x, a, b = x - x_part, a - a_part, b - b_part
        left = ((x != 0) | (a != 0) | (b != 0)).any(axis=1)
        differences.append((b_part - a_part) / unit)
        sums.append((x_part + x_part - a_part - b_part) / unit)
    signs = _sign_of_products(differences, sums, bits)
    for row in np.flatnonzero(left).tolist():
        signs[row] = _compare_fractions(points[row].tolist(), first[row].tolist(), second[row].tolist())
    return signs


def _sign_of_products(left: list[Floats], right: list[Floats], bits: int) -> Signs:
    """Return the sign of the sum of ``left[s] * right[t] * 2**(-bits (s + t))`` over s, t and the columns."""
    count = len(left)
    levels = np.zeros((2 * count, len(left[0])), dtype=np.int64)  # the first takes the last carry
    filled = [part.any() for part in right]
    for s, A in enumerate(left):
        if A.any():
            for t, B in enumerate(right):
                if filled[t]:
                    levels[s + t + 1] += np.einsum("ij,ij->i", A, B).astype(np.int64)
    rest = np.zeros(len(left[0]), dtype=np.bool_)
    for level in range(2 * count - 1, 0, -1):
        levels[level - 1] += levels[level] >> bits
        rest |= (levels[level] & ((1 << bits) - 1)) != 0
    signs: Signs = np.where(levels[0] < 0, -1, ((levels[0] > 0) | rest)).astype(np.int8)
    return signs


def _compare_fractions(x: list[float], a: list[float], b: list[float]) -> int:
    difference = sum(
        (Fraction(q) - Fraction(p)) * (2 * Fraction(o) - Fraction(p) - Fraction(q))
        for o, p, q in zip(x, a, b, strict=True)
    )
    return (difference > 0) - (difference < 0)
