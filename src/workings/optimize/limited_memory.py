"""The memory of L-BFGS: a few pairs of vectors that stand for the inverse Hessian."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


class Pair(NamedTuple):
    """A step, the difference of the gradients at its ends, and ``curvature = step · difference > 0``."""

    step: Vector
    difference: Vector
    curvature: float


def descent_direction(pairs: Sequence[Pair], gradient: Vector) -> Vector:
    """Return -H g by the two-loop recursion.

    Parameters
    ----------
    pairs : sequence of Pair
        The oldest first; without any, H is the identity.
    gradient : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n,)
        A new array.

    Notes
    -----
    Cost: 8 m n flops for m pairs, and n numbers of memory beside the result.

    Source: Nocedal and Wright, "Numerical Optimization", 2nd edition, algorithm 7.4.
    """
    direction = -gradient
    if not pairs:
        return direction
    product = np.empty_like(direction)
    shares: list[float] = []
    for step, difference, curvature in reversed(pairs):
        share = float(step.dot(direction)) / curvature
        direction -= np.multiply(difference, share, out=product)
        shares.append(share)
    _, newest, curvature = pairs[-1]
    direction *= curvature / float(newest.dot(newest))  # equation 7.20
    for (step, difference, curvature), share in zip(pairs, reversed(shares), strict=True):
        direction += np.multiply(step, share - float(difference.dot(direction)) / curvature, out=product)
    return direction
