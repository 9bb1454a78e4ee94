"""The Gram matrix of a table of numbers without any rounding, as integers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.error_free import two_product, two_sum
from workings.arithmetic.slices import leading, slice_bits

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.object_]

DEEPEST = 960  # bits below the top; of smaller numbers, products lose bits to underflow
MOST_SLICES = DEEPEST // 20
SAFE_SUMS = 1 << 9  # of integers below 2^53 in 64 bits


@dataclass(frozen=True)
class ExactGram:
    """A matrix of integers, which times ``2**-exponent`` is the Gram matrix of columns divided by their tops.

    Parameters
    ----------
    integers : ndarray of int, shape (m, m)
    exponent : int
    complete : bool
        Whether every bit of the numbers went in: what lies some 960 bits below the top of its column does not.
    """

    integers: Integers
    exponent: int
    complete: bool


Block = tuple[Floats, Floats, Floats | None]


def exact_gram(blocks: Iterable[Block], top: Floats, rows: int) -> ExactGram:
    """Return ``sum of w z z'`` over rows z, exactly.

    Parameters
    ----------
    blocks : iterable of (high, low, weights)
        Rows as unevaluated sums of two doubles, (b, m) each, and weights (b,) below 2, or None.
    top : ndarray of shape (m,)
        Powers of two that bound the columns.
    rows : int
        Most rows in a block, at most 8192.

    Returns
    -------
    ExactGram

    Notes
    -----
    Entries are cut into slices so short that BLAS multiplies and sums them exactly. Sums of slices of the same
    weight are kept as 64-bit integers.
    Cost: ``n m**2`` multiplications for each of the ``s (s + 1) / 2`` pairs of s slices (3 or 4 slices for numbers of
    one size), more with weights; a few blocks of memory.
    """
    bits = slice_bits(rows)
    sums: defaultdict[int, Any] = defaultdict(int)
    totals: defaultdict[int, Any] = defaultdict(int)
    added = 0
    complete = True
    for high, low, weights in blocks:
        parts: list[Floats] = [high / top, low / top]
        complete &= np.array_equal(parts[0] * top, high) and np.array_equal(parts[1] * top, low)
        left, whole = _slices(parts, bits)
        complete &= whole
        right = left
        if weights is not None:
            products = _weighted(parts[0], parts[1], weights[:, np.newaxis] / 2)
            right, whole = _slices(products, bits)
            complete &= whole and _normal(parts[0], products[0]) and _normal(parts[1], products[2])
        for s, A in enumerate(left, 1):
            for t, B in enumerate(right, 1):
                if weights is None and t > s:
                    break
                if not (A.any() and B.any()):
                    continue
                product = (A.T @ B).astype(np.int64)
                sums[s + t] += product + product.T if weights is None and t < s else product
        added += max(len(left), len(right))
        if added > SAFE_SUMS - 2 * MOST_SLICES:
            _flush(sums, totals)
            added = 0
    _flush(sums, totals)
    deepest = max(totals, default=0)
    integers = np.zeros((len(top), len(top)), dtype=object)
    for level, values in totals.items():
        integers += values * (1 << bits * (deepest - level))
    return ExactGram(integers, bits * deepest - int(weights is not None), complete)


def _flush(sums: dict[int, Any], totals: defaultdict[int, Any]) -> None:
    for level, values in sums.items():
        totals[level] = totals[level] + values.astype(object)
    sums.clear()


def _weighted(high: Floats, low: Floats, weights: Floats) -> list[Floats]:
    return [*two_product(high, weights), *two_product(low, weights)]


def _normal(factor: Floats, product: Floats) -> bool:
    """Whether a product with weights lost no bit to underflow."""
    return bool(((factor == 0.0) | (np.abs(product) > 2.0**-DEEPEST)).all())


def _slices(parts: list[Floats], bits: int) -> tuple[list[Floats], bool]:
    """Cut unevaluated sums of at most 1 into slices, as integers; tell whether nothing is left."""
    slices = []
    parts = [part for part in parts if part.any()] or parts[:1]
    for s in range(1, DEEPEST // bits + 1):
        unit = 2.0 ** (-bits * s)
        part = leading(parts[0], unit)
        slices.append(part / unit)
        parts[0] = parts[0] - part
        for i in reversed(range(len(parts) - 1)):
            parts[i], parts[i + 1] = two_sum(parts[i], parts[i + 1])
        if not any(part.any() for part in parts):
            return slices, True
    return slices, False
