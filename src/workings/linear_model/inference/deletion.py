"""The residuals and their standard deviation in the fit without each row in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.linear_model.moments import Floats

CLOSE = 0.9
"""Rows whose leverage, or share of the residual sum of squares, exceeds this are left out one by one."""


@dataclass(frozen=True)
class Deletion:
    """The fit without each row in turn; rows of positive weight, residuals times the roots of their weights.

    Parameters
    ----------
    left : ndarray of shape (m,)
        ``1 - h``; NaN where it is 0.
    scaled : ndarray of shape (m,)
        Residuals divided by the residual standard deviation.
    prediction_errors : ndarray of shape (m,)
        Residuals of the rows by the fit without them.
    ratio : ndarray of shape (m,)
        Residual standard deviation without the row, divided by that with it.
    """

    left: Floats
    scaled: Floats
    prediction_errors: Floats
    ratio: Floats


def leave_out(Q: Floats, e: Floats, sd: float, freedom: int) -> Deletion:
    """Return the fit without each row in turn.

    Parameters
    ----------
    Q : ndarray of shape (m, r)
        Orthonormal basis of the columns.
    e : ndarray of shape (m,)
        Residuals.
    sd : float
        Their standard deviation.
    freedom : int
        Their degrees of freedom.

    Returns
    -------
    Deletion

    Notes
    -----
    ``u = (I - H) e_i`` has the squared length ``1 - h``, and ``e - u (u'e) / (u'u)`` are the residuals without row i.
    At most about ``1.1 r + 11`` rows need it, since leverages sum to r and squared residuals to their sum.
    """
    left = 1 - np.einsum("ij,ij->i", Q, Q)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = e / sd if sd > 0 else np.full_like(e, np.nan)
        errors = e / left
        squares = freedom - scaled**2 / left
        close = np.flatnonzero((left < 1 - CLOSE) | (squares < (1 - CLOSE) * freedom))
        U = -Q @ Q[close].T
        U[close, np.arange(len(close))] += 1
        lengths = np.linalg.norm(U, axis=0)
        left[close] = np.where(lengths <= 64 * Q.shape[1] * UNIT_ROUNDOFF, np.nan, lengths**2)
        errors[close] = (U.T @ e) / left[close]
        squares[close] = np.sum((scaled[:, np.newaxis] - U * ((U.T @ scaled) / left[close])) ** 2, axis=0)
        squares = np.maximum(squares, UNIT_ROUNDOFF**2)  # no residual is known better
        ratio = np.sqrt(squares / (freedom - 1)) if freedom > 1 else np.full_like(e, np.nan)
    return Deletion(left, scaled, errors, ratio)
