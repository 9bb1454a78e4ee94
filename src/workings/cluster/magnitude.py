"""Numbers whose squares leave the floating-point range: one clear sentence instead of silent infinities."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.cluster.distances import Floats


def too_large(dtype: np.dtype[Any]) -> ValueError:
    """Return the error for entries whose sums or squares overflow.

    Parameters
    ----------
    dtype : dtype
        Of the data.

    Returns
    -------
    ValueError
    """
    return ValueError(
        f"Input X is too large: squared distances, or their weighted sum, overflow {dtype}. Divide X (or the "
        "weights) by a constant: k-means finds the same clusters on any common scale."
    )


def require_squarable(norms: Floats, weights: Floats | None = None) -> None:
    """Raise if squared distances between rows cannot be represented.

    Parameters
    ----------
    norms : ndarray of shape (n,)
        |x|² of the rows, or of rows and centres.
    weights : ndarray of shape (n,), optional
        Their weights, where the distances will be added up.

    Raises
    ------
    ValueError
        If the sum of the squared distances can overflow, or if a weight is so small that the reciprocal of what is left
        of a cluster's weight can overflow.
    """
    range_of_type = np.finfo(norms.dtype)
    largest = norms.max()
    with np.errstate(over="ignore", invalid="ignore"):
        total = 4 * largest if weights is None else 4 * largest * weights.sum()
    if not np.isfinite(total):
        raise too_large(norms.dtype)
    # the difference of two weights above this is either zero or has a reciprocal
    least = range_of_type.tiny / range_of_type.eps
    if weights is not None and (weights[weights > 0] < least).any():
        raise ValueError(
            f"Some sample weights lie below {least:.1e}, where {norms.dtype} has no reciprocal for what may be left of "
            "them. Multiply all weights by a constant, or set these to zero."
        )


def require_visible(X_values: Floats, norms: Floats) -> None:
    """Raise if rows differ but all their squares underflow, so that every distance would be zero.

    Parameters
    ----------
    X_values : ndarray
        The (centred) entries.
    norms : ndarray of shape (n,)
        |x|² of the rows.

    Raises
    ------
    ValueError
        If the entries are not all zero, yet the largest norm lies below the smallest normal number.
    """
    if norms.max() < np.finfo(norms.dtype).tiny and X_values.any():
        raise ValueError(
            f"Input X varies too little: squared distances underflow {norms.dtype}. Multiply X by a constant: k-means "
            "finds the same clusters on any common scale."
        )


def require_multipliable(X_values: Floats, centers: Floats) -> None:
    """Raise if the inner product of a row and a centre, or the square of a centre, can overflow.

    Parameters
    ----------
    X_values : ndarray
        The entries.
    centers : ndarray of shape (k, d)

    Raises
    ------
    ValueError
        If twice the largest possible inner product is infinite.
    """
    farthest = np.abs(centers).max()
    largest = max(X_values.max(initial=0), -X_values.min(initial=0), farthest)
    with np.errstate(over="ignore"):
        product: np.floating[Any] = 2 * centers.shape[1] * largest * farthest
    if not np.isfinite(product):
        raise ValueError(
            f"Input X is too large for these centers: their inner products overflow {centers.dtype}. Divide the "
            "training data and X by the same constant."
        )
