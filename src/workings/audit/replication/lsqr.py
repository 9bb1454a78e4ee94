"""The steps of LSQR, by which scikit-learn fits a linear regression to sparse data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def iterates(
    X: Any, y: npt.NDArray[Any], sample_weight: Floats | None, *, centred: bool
) -> Iterator[tuple[Floats, float]]:
    """Yield the coefficients after each step, from zero, and how far they are from the normal equations.

    Parameters
    ----------
    X : sparse matrix of shape (n, p)
    y : ndarray of shape (n,)
    sample_weight : ndarray of shape (n,), optional
    centred : bool
        Whether there is an intercept. X stays sparse: its means are taken off in the products.

    Yields
    ------
    coef : ndarray of shape (p,)
    ratio : float
        ``|A'r| / (|A| |r|)`` for the centred, weighted A, the residual r, and Frobenius' norm of the part of A seen;
        or ``|r| / (|y| + |A| |coef|)`` where that is less. The iteration stops where it falls to its tolerance.

    Notes
    -----
    At most 2p + 1 pairs. Cost a step: 4 flops a number stored in X. Fails to repeat the bits of another library's
    steps: sums round differently.
    Source: C. C. Paige and M. A. Saunders, ACM Transactions on Mathematical Software 8 (1982), 43-71.
    """
    n, p = X.shape
    weights = np.ones(n) if sample_weight is None else sample_weight
    roots = np.sqrt(weights)
    mean = np.asarray(X.T @ weights) / weights.sum() if centred else np.zeros(p)
    offset = float(weights @ y / weights.sum()) if centred else 0.0

    def product(v: Floats) -> Floats:
        return np.asarray(roots * (X @ v) - roots * (mean @ v), dtype=np.float64)

    def transposed(u: Floats) -> Floats:
        return np.asarray(X.T @ (roots * u) - mean * (roots @ u), dtype=np.float64)

    u, beta = _normalised(roots * (y.astype(np.float64) - offset))
    v, alpha = _normalised(transposed(u))
    coef, w = np.zeros(p), v.copy()
    rho_bar, phi_bar, norm, first = alpha, beta, 0.0, beta
    yield coef, 0.0 if alpha * beta == 0.0 else 1.0
    for _ in range(2 * p):
        if alpha * beta == 0.0:
            return
        u, beta = _normalised(product(v) - alpha * u)
        norm = float(np.sqrt(norm**2 + alpha**2 + beta**2))
        v, alpha = _normalised(transposed(u) - beta * v)
        rho = float(np.hypot(rho_bar, beta))
        cosine, sine = rho_bar / rho, beta / rho
        phi, phi_bar = cosine * phi_bar, sine * phi_bar
        coef = coef + (phi / rho) * w
        w = v - (sine * alpha / rho) * w
        rho_bar = -cosine * alpha
        # a residual that is small itself, beside y and the fit, also ends the iteration
        small = phi_bar / (first + norm * float(np.linalg.norm(coef)))
        yield coef, float(min(alpha * abs(cosine) / norm, small))


def _normalised(vector: Floats) -> tuple[Floats, float]:
    length = float(np.linalg.norm(vector))
    return (vector / length if length else vector), length
