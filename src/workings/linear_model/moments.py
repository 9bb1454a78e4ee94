"""The summation form of least squares: statistics of a block of rows, and how two of them combine.

Chu et al., "Map-Reduce for Machine Learning on Multicore", NIPS 2006: whatever is a sum over rows can be computed
block by block, on threads, from disk or on several machines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Moments:
    """Sums over rows of products of features, targets and, in a model with an intercept, a column of ones.

    Parameters
    ----------
    gram : ndarray of shape (p, p) or None
        Products of the features; None where they were not asked for.
    squares : ndarray of shape (p,)
        Its diagonal.
    cross : ndarray of shape (p, m)
        Products of the features with the m targets, the column of ones being the last of them.
    inner : ndarray of shape (m, m)
        Products of the targets.
    largest : ndarray of shape (p,)
        The largest sum of squares, without weights, that a feature has in any one block: a bound of its entries.
    """

    gram: Floats | None
    squares: Floats
    cross: Floats
    inner: Floats
    largest: Floats


def statistics(A: Floats, B: Floats, weights: Floats | None = None, *, with_gram: bool = True) -> Moments:
    """Return the moments of one block of rows.

    Parameters
    ----------
    A : ndarray of shape (n, p)
        Features; not changed.
    B : ndarray of shape (n, m)
        Targets, and a column of ones where there is an intercept.
    weights : ndarray of shape (n,), optional
        Non-negative sample weights.
    with_gram : bool, default=True
        Compute the p x p Gram matrix.

    Returns
    -------
    Moments

    Notes
    -----
    Cost: ``n p (p + 2 m)`` flops; with weights a copy of the block.
    """
    largest = None
    if weights is not None:
        largest = np.einsum("ij,ij->j", A, A)
        root = np.sqrt(weights)[:, np.newaxis]
        A, B = A * root, B * root
    gram = A.T @ A if with_gram else None
    squares = np.einsum("ij,ij->j", A, A) if gram is None else gram.diagonal().copy()
    return Moments(gram, squares, A.T @ B, B.T @ B, squares.copy() if largest is None else largest)


def combine(a: Moments, b: Moments) -> Moments:
    """Add the moments of `b` to those of `a`.

    Parameters
    ----------
    a, b : Moments
        Of two disjoint sets of rows; the arrays of `a` are overwritten.

    Returns
    -------
    Moments
        Of the rows of both.

    Notes
    -----
    Cost: ``p (p + m)`` additions, no memory.
    """
    if a.gram is not None and b.gram is not None:
        np.add(a.gram, b.gram, out=a.gram)
    for total, part in ((a.squares, b.squares), (a.cross, b.cross), (a.inner, b.inner)):
        np.add(total, part, out=total)
    np.maximum(a.largest, b.largest, out=a.largest)
    return a
