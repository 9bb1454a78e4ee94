"""Arithmetic with unevaluated sums of two doubles, for residuals that cancel.

Each operation returns its rounded result and, exactly, what rounding left over.
"""

from __future__ import annotations

from workings.linear_model.moments import Floats


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return ``a + b`` rounded, and the error (D. E. Knuth, The Art of Computer Programming 2, section 4.2.2)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def two_product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return ``a * b`` rounded, and the error (T. J. Dekker, Numerische Mathematik 18, 1971).

    Exact while no number is larger than about 1e300 or, unless zero, smaller than about 1e-290.
    """
    product = a * b
    a_high, b_high = _upper_half(a), _upper_half(b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def sum_rows(terms: Floats) -> tuple[Floats, Floats]:
    """Return the sum over the first axis as two doubles, by pairs, with every pair's rounding error kept.

    Parameters
    ----------
    terms : ndarray of shape (n, m), n > 0

    Returns
    -------
    high, low : ndarray of shape (m,)
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


def _upper_half(a: Floats) -> Floats:
    """Return the 26 leading bits."""
    lifted = a * 134217729.0
    return lifted - (lifted - a)
