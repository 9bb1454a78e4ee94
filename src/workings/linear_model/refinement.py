"""Iterative refinement: a correction of a solution from the residual of the data themselves, in double arithmetic.

A least-squares solution from the Gram matrix carries an error of about ``k**2 u``, where k is the condition number and
u = 2^-53. A correction from the residual brings any solver down to ``k u + k**2 u |r| / |A||z|``, r the residual: to
the digits that double arithmetic can give. `workings.linear_model.exact` goes further.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.arithmetic.error_free import UNIT_ROUNDOFF, two_sum
from workings.linear_model.design import Design
from workings.linear_model.moments import Floats

MOST_CORRECTIONS = 8


@dataclass(frozen=True)
class Refined:
    """Coefficients of the scaled active columns as unevaluated sums of two doubles, and the corrections made.

    Parameters
    ----------
    z, z_low : ndarray of shape (q, k)
    steps : tuple of (event, values)
        One "refinement" each, for the flight recorder.
    """

    z: Floats
    z_low: Floats
    steps: tuple[tuple[str, Mapping[str, Any]], ...]


def refine(design: Design, first: Floats, correct: Callable[[Floats], Floats]) -> Refined:
    """Return a solution after as many corrections as still improve it.

    Parameters
    ----------
    design : Design
        The data.
    first : ndarray of shape (q, k)
        Solution to start from.
    correct : callable
        Solves the factorised normal equations: ``(q, k) -> (q, k)``.

    Returns
    -------
    Refined

    Notes
    -----
    Fails to improve on `first` when ``condition**2 * 2**-53`` reaches 1.
    Cost: ``4 n q k`` flops a correction; one or two suffice but where the condition nears that limit.
    """
    z, low = first, np.zeros_like(first)
    steps: list[tuple[str, Mapping[str, Any]]] = []
    previous = np.inf
    for _ in range(MOST_CORRECTIONS):
        correction = correct(design.gradient(z)[0])
        size, change = float(np.linalg.norm(z)), float(np.linalg.norm(correction))
        if not change < previous / 2:
            break
        z, low = two_sum(z, correction)
        steps.append(("refinement", {"correction": change / size if size else 0.0, "precision": "double"}))
        if change * change <= UNIT_ROUNDOFF * size * min(size, previous):
            break
        previous = change
    return Refined(z, low, tuple(steps))
