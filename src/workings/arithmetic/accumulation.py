"""How large the error of many roundings may be: what every bound and tolerance is built from."""

from __future__ import annotations

import math

UNIT_ROUNDOFF = 2.0**-53
"""u: the largest relative error of one rounding to float64."""

CONFIDENCE = math.sqrt(2.0 * math.log(2.0 / UNIT_ROUNDOFF))
"""λ = 8.65, solved from 2 exp(-λ²/2) = u: a bound with it fails with a probability of no more than u."""


def accumulated(operations: float, unit: float = UNIT_ROUNDOFF) -> float:
    r"""Relative error of a sum, or a chain, of so many roundings.

    .. math:: \gamma(m) = \min(m, \lambda \sqrt{m}) \, u

    Parameters
    ----------
    operations : float
        m, the number of roundings.
    unit : float
        u, the largest relative error of one of them; that of float64 by default.

    Returns
    -------
    float

    Notes
    -----
    The classical bound is m u; roundings with independent, mean-zero errors stay below λ √m u except with
    probability 2 exp(-λ²/2), whatever the order of summation.

    References
    ----------
    N. J. Higham and T. Mary (2019), "A new approach to probabilistic rounding error analysis",
    SIAM J. Sci. Comput. 41, A2815-A2835, theorem 2.4.

    Examples
    --------
    >>> accumulated(1) == 2.0**-53
    True
    """
    return min(operations, CONFIDENCE * math.sqrt(operations)) * unit
