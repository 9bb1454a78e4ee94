"""Iterative refinement: corrections of a solution from residuals of the data themselves.

A least-squares solution computed in double arithmetic carries an error of about ``k u + k**2 u |r| / |A||z|``, where
k is the condition number, u = 2^-53 and r the residual. A correction from a residual computed in double arithmetic
too brings any solver down to that; where it is more than `SENSITIVE`, residuals in twice the precision bring it down to
the last bits of the exact answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.linear_model.design import UNIT_ROUNDOFF, Design
from workings.linear_model.moments import Floats
from workings.linear_model.twofold import sum_rows, two_product, two_sum

SENSITIVE = 1e-11
MOST_CORRECTIONS = 8

Correct = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Refined:
    """Coefficients of the scaled active columns as unevaluated sums of two doubles, and the corrections made.

    Parameters
    ----------
    z, z_low : ndarray of shape (q, k)
    mean_residual : ndarray of shape (k,) or float
        Mean of the residual that is left, where it was computed in twice the precision.
    steps : tuple of (event, values)
        One "refinement" each, for the flight recorder.
    """

    z: Floats
    z_low: Floats
    mean_residual: Floats | float
    steps: tuple[tuple[str, Mapping[str, Any]], ...]


def refine(design: Design, first: Floats, correct: Correct, condition: float) -> Refined:
    """Return a solution after one correction, or as many as its sensitivity asks for.

    Parameters
    ----------
    design : Design
        The data.
    first : ndarray of shape (q, k)
        Solution to start from.
    correct : callable
        Solves the factorised normal equations: ``(q, k) -> (q, k)``.
    condition : float
        Condition number of the scaled columns.

    Returns
    -------
    Refined

    Notes
    -----
    Fails to improve on `first` when ``condition**2 * 2**-53`` reaches 1; it then stops at the correction that no
    longer shrinks. Cost: ``4 n q k`` flops; where the problem is sensitive, about ``80 n q k`` for each correction.
    """
    gradient, squares = design.gradient(first)
    size = float(np.linalg.norm(first))
    sensitivity = condition * UNIT_ROUNDOFF * (1 + condition * float(np.sqrt(squares.sum())) / size) if size else 0.0
    if sensitivity <= SENSITIVE or design.overwritten:
        correction = correct(gradient)
        z, low = two_sum(first, correction)
        return Refined(z, low, 0.0, (_step(correction, z, "double"),))
    return _refine_twofold(design, first, correct)


def _refine_twofold(design: Design, first: Floats, correct: Correct) -> Refined:
    z, low = first, np.zeros_like(first)
    steps: list[tuple[str, Mapping[str, Any]]] = []
    mean_residual: Floats | float = 0.0
    previous = np.inf
    for _ in range(MOST_CORRECTIONS):
        gradient, mean_residual = twofold_gradient(design, z, low, mean_residual)
        correction = correct(gradient)
        size = float(np.linalg.norm(correction))
        if not size < previous / 2:
            break
        moved, error = two_sum(z, correction)
        z, low = two_sum(moved, low + error)
        steps.append(_step(correction, z, "twofold"))
        if size <= UNIT_ROUNDOFF / 64 * np.linalg.norm(z):
            break
        previous = size
    return Refined(z, low, mean_residual, tuple(steps))


def _step(correction: Floats, z: Floats, precision: str) -> tuple[str, Mapping[str, Any]]:
    size = float(np.linalg.norm(z))
    return "refinement", {
        "correction": float(np.linalg.norm(correction)) / size if size else 0.0,
        "precision": precision,
    }


def twofold_gradient(
    design: Design, z: Floats, z_low: Floats, mean_residual: Floats | float = 0.0
) -> tuple[Floats, Floats | float]:
    """Return products of columns and residuals, (q, k), and mean residuals, (k,), in twice the working precision.

    Parameters
    ----------
    design : Design
        The data; not overwritten.
    z, z_low : ndarray of shape (q, k)
        Coefficients of the scaled active columns as unevaluated sums of two doubles.
    mean_residual : ndarray of shape (k,) or float
        What this function returned for coefficients nearby: by so much the intercept from the means is off.

    Notes
    -----
    The residual is taken on the rows as they came: centring would round them. Its mean, which the intercept takes
    away, is subtracted from the sums at the end.
    """
    scale = design.scale[:, np.newaxis]
    coef, coef_low = z * scale, z_low * scale
    constant, constant_low = design.constant_term(coef, coef_low)
    b, b_low = np.vstack([coef, constant]), np.vstack([coef_low, constant_low + mean_residual])
    parts = [_products(*block, b, b_low) for block in design.raw_blocks()]
    high, low = sum_rows(np.stack([part for part, _ in parts]))
    low = low + sum(rest for _, rest in parts)
    # The last row is the sum of the residuals.
    mean, mean_low = (m[design.active, np.newaxis] for m in (design.moments.mean_x, design.moments.mean_x_low))
    share, error = two_product(mean, high[-1:])
    gradient, rest = two_sum(high[:-1], -share)
    gradient = gradient + (rest + (low[:-1] - error - mean * low[-1:] - mean_low * high[-1:]))
    if not design.centred:
        return gradient * scale, 0.0
    return gradient * scale, mean_residual + (high[-1] + low[-1]) / design.moments.weight


def _products(A: Floats, B: Floats, weights: Floats | None, coef: Floats, coef_low: Floats) -> tuple[Floats, Floats]:
    """Return sums over rows of weight times column (and times 1, last) times residual, as two doubles."""
    A = np.column_stack([A, np.ones(len(A))])
    sums = []
    for target in range(B.shape[1]):
        product, error = two_product(A, coef[:, target])
        high, low = sum_rows(np.vstack([B[:, target], -product.T]))
        high, low = two_sum(high, low - (error.sum(axis=1) + A @ coef_low[:, target]))
        if weights is not None:
            high, error = two_product(weights, high)
            high, low = two_sum(high, error + weights * low)
        product, error = two_product(A, high[:, np.newaxis])
        total, rest = sum_rows(product)
        sums.append((total, rest + error.sum(axis=0) + A.T @ low))
    return np.column_stack([total for total, _ in sums]), np.column_stack([rest for _, rest in sums])
