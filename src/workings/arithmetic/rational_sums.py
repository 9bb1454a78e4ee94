"""Sums of doubles without any rounding, as rational numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.error_free import two_product
from workings.arithmetic.slices import MANTISSA_BITS, MOST_BITS, leading, power_above

Floats = npt.NDArray[np.floating[Any]]

EXACT_PRODUCT = 2.0**-960  # above it no bit of a product of doubles is lost to underflow
BLOCK = 1 << 18  # numbers at a time


def exact_sums(columns: Floats, weights: Floats | None = None) -> list[Fraction]:
    """Return the weighted sum of each column.

    Parameters
    ----------
    columns : ndarray of shape (n, m), float32 or float64
        At most 2^1000 (1e301) in magnitude; with weights, they and the weights at most 2^500 (3e150).
    weights : ndarray of shape (n,), optional

    Returns
    -------
    list of Fraction, length m

    Notes
    -----
    Columns are cut from the top into slices, whose sums are exact in double arithmetic, until nothing is left.
    Cost: 4 passes for each slice, 3 or 4 slices for numbers of one size; a rational addition for each column and
    slice; a block of memory.

    Examples
    --------
    >>> exact_sums(np.array([[1e100], [1.0], [-1e100]]))
    [Fraction(1, 1)]
    """
    totals = [Fraction(0)] * columns.shape[1]
    step = max(BLOCK // max(columns.shape[1], 1), 64)
    for start in range(0, len(columns), step):
        block = columns[start : start + step].T.astype(np.float64, order="C")
        if weights is None:
            _add(totals, block)
            continue
        factors = weights[start : start + step].astype(np.float64)
        high, low = two_product(block, factors)
        lossy = (np.abs(high) < EXACT_PRODUCT) & (block != 0) & (factors != 0)
        for column, row in np.argwhere(lossy).tolist():
            totals[column] += Fraction(float(block[column, row])) * Fraction(float(factors[row]))
        high[lossy] = low[lossy] = 0.0
        _add(totals, high)
        _add(totals, low)
    return totals


def _add(totals: list[Fraction], block: Floats) -> None:
    """Add the sum of each row of a block, (m, n), to its total."""
    bits = min(MANTISSA_BITS - (block.shape[1] - 1).bit_length(), MOST_BITS)
    unit = power_above(np.abs(block).max(axis=1, keepdims=True))
    while block.any():
        unit = unit * 2.0**-bits  # or zero, by underflow: then the block is short enough, and its own first slice
        part = leading(block, unit)
        for row, total in enumerate(part.sum(axis=1).tolist()):
            if total:
                totals[row] += Fraction(total)
        block = block - part


def rounded_sum(values: Floats) -> float:
    """Return the sum of doubles, correctly rounded: the same bits in any order.

    Parameters
    ----------
    values : ndarray of shape (n,)
        At most 2^1000 (1e301) in magnitude.

    Returns
    -------
    float

    Notes
    -----
    As `exact_sums`.

    Examples
    --------
    >>> rounded_sum(np.array([0.1] * 10))
    1.0
    """
    return float(exact_sums(values[:, np.newaxis])[0])
