"""Squared Euclidean distances in the two arithmetics that k-means needs.

A *table* of all distances between two sets comes from |a|² - 2a·b + |b|², which is one matrix product. A *pair* of
a row and its own centre comes from the differences themselves, which keeps the digits that the table cancels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.base import is_sparse

Floats = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int32]
Indices = npt.NDArray[np.intp]


def squared_norms(X: Any) -> Floats:
    """Return |x|² of each row.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, d)

    Returns
    -------
    ndarray of shape (n,), in the type of X

    Notes
    -----
    2nd flops, no temporary of the size of a dense X. Fails when a square leaves the floating-point range: infinity.
    """
    if is_sparse(X):
        squares = X.copy()
        squares.data = X.data * X.data
        return np.asarray(squares @ np.ones(X.shape[1], dtype=X.dtype))
    return np.asarray(np.einsum("ij,ij->i", X, X))


def rows_at(X: Any, indices: Indices) -> Floats:
    """Return rows of X, dense and in C order.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, d)
    indices : ndarray of shape (m,)

    Returns
    -------
    ndarray of shape (m, d), in the type of X
    """
    rows: Floats = X[indices].toarray() if is_sparse(X) else X[indices]
    return np.ascontiguousarray(rows)


def distance_table(A: Any, B: Any, *, b_norms: Floats | None = None, squared: bool = False) -> Floats:
    """Return the distance of each row of A to each row of B.

    Parameters
    ----------
    A : ndarray or CSR matrix of shape (m, d)
    B : ndarray or CSR matrix of shape (n, d)
        The same object as A for the distances within one set, whose diagonal is then exactly zero.
    b_norms : ndarray of shape (n,), optional
        |b|² where it is known; unused in float32, where the norms are taken in float64.
    squared : bool, default=False
        Return squares.

    Returns
    -------
    ndarray of shape (m, n)
        float32 where A or B is float32 (computed in float64, then rounded), else float64.

    Notes
    -----
    2mnd flops. Fails when two points are far from the origin and near each other: relative to |a|² + |b|² the error
    is a few units in the last place, relative to the distance it can be everything. Rounding below zero is cut off.
    """
    if np.float32 in (A.dtype, B.dtype):
        table = _single_table(A, B)
    else:
        table = _double_table(A, B, squared_norms(B) if b_norms is None else b_norms)
    np.maximum(table, 0, out=table)
    if A is B:
        np.fill_diagonal(table, 0)
    return table if squared else np.sqrt(table, out=table)


def _double_table(A: Any, B: Any, b_norms: Floats) -> Floats:
    table = -2 * _inner_products(A, B)
    table += squared_norms(A)[:, np.newaxis]
    table += b_norms[np.newaxis, :]
    return table


def _inner_products(A: Any, B: Any) -> Floats:
    if is_sparse(B):
        dense = A.toarray() if is_sparse(A) else A
        return np.ascontiguousarray((B @ dense.T).T)
    return np.asarray(A @ B.T)


def _single_table(A: Any, B: Any) -> Floats:
    m, n = A.shape[0], B.shape[0]
    table = np.empty((m, n), dtype=np.float32)
    size = upcast_block_size(A, B)
    for rows in slices(m, size):
        a = A[rows].astype(np.float64)
        for columns in slices(n, size):
            b = B[columns].astype(np.float64)
            table[rows, columns] = _double_table(a, b, squared_norms(b))
    return table


def upcast_block_size(A: Any, B: Any) -> int:
    """Return the block size at which the float64 copies take a tenth of the data's memory, and at least 10 MiB."""
    (m, d), n = A.shape, B.shape[0]
    a_density, b_density = _density(A), _density(B)
    budget = max(((a_density * m + b_density * n) * d + a_density * m * b_density * n) / 10, 10 * 2**17)
    linear = (a_density + b_density) * d
    return max(int((-linear + math.sqrt(linear**2 + 4 * budget)) / 2), 1)


def _density(X: Any) -> float:
    return float(X.nnz / math.prod(X.shape)) if is_sparse(X) else 1.0


def slices(length: int, size: int) -> Iterator[slice]:
    """Return consecutive slices of at most `size` that cover `length`."""
    return (slice(start, min(start + size, length)) for start in range(0, length, size))


def paired_squared_distances(A: Floats, B: Floats) -> Floats:
    """Return |aᵢ - bᵢ|² of each pair of rows, from the differences.

    Parameters
    ----------
    A : ndarray of shape (n, d)
    B : ndarray of shape (n, d), or of shape (d,) for the distances to one point

    Returns
    -------
    ndarray of shape (n,)
        Accurate to about d/4 units in the last place, wherever the origin is.

    Notes
    -----
    3nd flops and one copy of A.
    """
    return squared_lengths(A - B)


def squared_lengths(differences: Floats) -> Floats:
    """Return the sum of the squares of each row, in the order of summation that gives scikit-learn's bits.

    Parameters
    ----------
    differences : ndarray of shape (n, d)
        Overwritten with the squares.

    Returns
    -------
    ndarray of shape (n,)

    Notes
    -----
    2nd flops. The squares are added four features at a time and then one by one.
    """
    differences *= differences  # now squares
    whole = differences.shape[1] // 4 * 4
    fours = differences[:, 0:whole:4] + differences[:, 1:whole:4]
    fours += differences[:, 2:whole:4]
    fours += differences[:, 3:whole:4]
    total = sum_of_rows(np.ascontiguousarray(fours.T))
    for feature in range(whole, differences.shape[1]):
        total += differences[:, feature]  # KM.1
    return total


def sum_of_rows(block: Floats) -> Floats:
    """Return the sum of the rows, added strictly from the first to the last.

    Parameters
    ----------
    block : ndarray of shape (n, d), C order

    Returns
    -------
    ndarray of shape (d,)
        Zeros where n is 0.
    """
    contiguous = block.shape[1] == 1 and len(block)  # one column would be added four at a time
    total: Floats = np.add.accumulate(block)[-1] if contiguous else np.einsum("ij->j", block)
    return total


def sequential_sum(values: Floats) -> np.floating[Any]:
    """Return the sum of a vector, added strictly from the first value to the last.

    Parameters
    ----------
    values : ndarray of shape (n,)

    Returns
    -------
    scalar of the type of `values`

    Notes
    -----
    The error grows with n, not with log n as that of `np.sum`; it is the sum whose bits scikit-learn's inertia has.
    """
    total: np.floating[Any] = np.add.accumulate(values)[-1]
    return total


def roundoff(dtype: np.dtype[Any]) -> float:
    """Return half a unit in the last place of 1."""
    return float(np.finfo(dtype).eps) / 2
