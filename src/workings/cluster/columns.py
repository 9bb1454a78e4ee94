"""Means and variances of the columns with the bits of `numpy.mean` and `numpy.var`, in a fraction of their time.

NumPy adds rows one by one, at the price of a call a row; here the rows go through `sum_of_rows`, in the same order.
"""

from __future__ import annotations

import numpy as np

from workings.cluster.distances import Floats, sum_of_rows

_NUMBERS = 2**15  # at a time: keeps the temporaries in the cache


def column_means(X: Floats) -> Floats:
    """Return the mean of each column.

    Parameters
    ----------
    X : ndarray of shape (n, d), C order

    Returns
    -------
    ndarray of shape (d,), in the type of X
    """
    if X.shape[1] == 1:  # NumPy adds a lone column pairwise
        return np.asarray(X.mean(axis=0))
    return _divided(sum_of_rows(X), len(X))


def column_variances(X: Floats) -> Floats:
    """Return the variance of each column, with n in the denominator.

    Parameters
    ----------
    X : ndarray of shape (n, d), C order

    Returns
    -------
    ndarray of shape (d,), in the type of X

    Notes
    -----
    5nd flops, some blocks of memory.
    """
    n, d = X.shape
    if d == 1:
        return np.asarray(X.var(axis=0))
    means = column_means(X)
    step = max(_NUMBERS // d, 1)
    block = np.zeros((min(step, n) + 1, d), dtype=X.dtype)  # the sum so far, then the rows that it goes on with
    for start in range(0, n, step):
        rows = X[start : start + step]
        squares = block[1 : len(rows) + 1]
        np.subtract(rows, means, out=squares)
        np.multiply(squares, squares, out=squares)
        block[0] = sum_of_rows(block[: len(rows) + 1])
    return _divided(block[0], n)


def subtract_from_rows(X: Floats, row: Floats) -> None:
    """Take a row off all rows, in place.

    Parameters
    ----------
    X : ndarray of shape (n, d), C order
        Changed.
    row : ndarray of shape (d,)
    """
    n, d = X.shape
    together = max(512 // d, 1)  # several rows at a time: NumPy makes a call of each
    whole = n // together * together
    X[:whole].reshape(-1, together * d)[...] -= np.tile(row, together)
    X[whole:] -= row


def _divided(total: Floats, n: int) -> Floats:
    return np.true_divide(total, np.intp(n), out=total, casting="unsafe")
