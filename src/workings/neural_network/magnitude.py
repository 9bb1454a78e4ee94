"""Numbers that are too large to be squared, or for single precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from workings.base import is_sparse, warn
from workings.neural_network.parameters import Array


def warn_of_overflow(X: Any, y: Array) -> None:
    """Warn of data whose squares overflow: gradients then do, and an update rule that divides by them stands still.

    Parameters
    ----------
    X : ndarray, CSR or CSC matrix of float64 or float32
    y : ndarray
        Classes as true-or-false columns pass.

    Warns
    -----
    UserWarning
        Names which of the two, and its largest magnitude.

    Notes
    -----
    Cost: two passes over the data.
    """
    for name, values in (("X", X.data if is_sparse(X) else X), ("y", y)):
        if values.dtype.kind != "f" or not values.size:
            continue
        largest = max(abs(float(values.max())), abs(float(values.min())))
        if largest > math.sqrt(np.finfo(values.dtype).max):
            warn(
                UserWarning,
                f"{name} has values up to {largest:.3g}, whose squares overflow in {values.dtype}: gradients become "
                f"infinite, and weights stand still or are lost. Standardise {name}.",
            )


def single(values: Any) -> Any:
    """Return data in single precision.

    Parameters
    ----------
    values : ndarray or sparse matrix, or None
        True-or-false columns and None are returned as they are.

    Returns
    -------
    ndarray or sparse matrix of float32

    Raises
    ------
    ValueError
        If a value is too large for single precision.
    """
    if values is None or values.dtype.kind != "f":
        return values
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32, copy=False)
    if not np.isfinite(rounded.data if is_sparse(rounded) else rounded).all():
        raise ValueError(
            "fast=True trains in single precision, which holds numbers up to 3.4e38; the data have larger ones. Scale "
            "them down, or leave fast at False."
        )
    return rounded
