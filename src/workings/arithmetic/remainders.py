"""What exp(u) and log(1 + y) leave beyond their tangents at 0, where a difference would lose all digits."""

from __future__ import annotations

import numpy as np

from workings.arithmetic.error_free import Floats


def expm1_minus(u: Floats) -> Floats:
    """Return exp(u) - 1 - u: the sum of u^k / k! from k = 2 for small u, the difference elsewhere."""
    rest = np.zeros_like(u)
    for k in range(13, 2, -1):
        rest = (rest + 1.0) * u / k
    return np.where(np.abs(u) < 0.25, u * u / 2 * (1.0 + rest), np.expm1(u) - u)


def log1p_minus(y: Floats) -> Floats:
    """Return log(1 + y) - y: for small y, with z = y / (2 + y), -z y + 2 (z^3/3 + z^5/5 + ...)."""
    z = y / (2.0 + y)
    square = z * z
    rest = np.zeros_like(y)
    for k in range(21, 1, -2):
        rest = rest * square + 2.0 / k
    return np.where(np.abs(y) < 0.25, z * (square * rest - y), np.log1p(y) - y)
