"""The summation form of least squares: statistics of a block of rows, and how two of them combine.

Chu et al., "Map-Reduce for Machine Learning on Multicore", NIPS 2006: whatever is a sum over rows can be computed
block by block, on threads, from disk or on several machines. Each block is centred on its own mean, so the Gram
matrix keeps its digits however far the data lie from zero; the means combine by the pairwise rule of Chan, Golub
and LeVeque, "Algorithms for Computing the Sample Variance", The American Statistician 37 (1983).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Moments:
    """What the normal equations need to know about a set of rows.

    Parameters
    ----------
    weight : float
        Sum of the sample weights (the number of rows without weights).
    mean_x, mean_x_low : ndarray of shape (p,)
        Column means as an unevaluated sum of two doubles; zero where the data are not centred.
    mean_y, mean_y_low : ndarray of shape (k,)
        The same for the targets.
    gram : ndarray of shape (p, p) or None
        Weighted sums of products of deviations from the mean; None where they were not asked for.
    squares : ndarray of shape (p,)
        Diagonal of the Gram matrix.
    cross : ndarray of shape (p, k)
        Weighted sums of products of the deviations of features and targets.
    """

    weight: float
    mean_x: Floats
    mean_x_low: Floats
    mean_y: Floats
    mean_y_low: Floats
    gram: Floats | None
    squares: Floats
    cross: Floats


def statistics(
    X: Floats, Y: Floats, weights: Floats | None = None, *, centred: bool = True, with_gram: bool = True
) -> Moments:
    """Return the moments of one block of rows.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Rows of the block; not changed.
    Y : ndarray of shape (n, k)
        Their targets.
    weights : ndarray of shape (n,), optional
        Non-negative sample weights with a positive sum.
    centred : bool, default=True
        Take deviations from the block's mean (a model with an intercept), or from zero.
    with_gram : bool, default=True
        Compute the p x p Gram matrix.

    Returns
    -------
    Moments

    Notes
    -----
    Cost: ``n p (p + k + 4)`` flops and one copy of the block.
    """
    n, p = X.shape
    total = float(n) if weights is None else float(weights.sum())
    if centred:
        mean_x, mean_y = (
            (X.mean(axis=0), Y.mean(axis=0)) if weights is None else (weights @ X / total, weights @ Y / total)
        )
        A, B = X - mean_x, Y - mean_y
    else:
        mean_x, mean_y = np.zeros(p), np.zeros(Y.shape[1])
        A, B = X, Y
    root = None if weights is None else np.sqrt(weights)
    if root is not None:
        A, B = A * root[:, np.newaxis], B * root[:, np.newaxis]
    low_x, low_y = np.zeros(p), np.zeros(Y.shape[1])
    if centred:
        # What is left of the mean after subtracting its rounded value.
        rest = np.ones(n) if root is None else root
        low_x, low_y = rest @ A / total, rest @ B / total
    gram = A.T @ A - total * np.outer(low_x, low_x) if with_gram else None
    squares = np.einsum("ij,ij->j", A, A) - total * low_x**2 if gram is None else gram.diagonal().copy()
    return Moments(
        weight=total,
        mean_x=mean_x,
        mean_x_low=low_x,
        mean_y=mean_y,
        mean_y_low=low_y,
        gram=gram,
        squares=squares,
        cross=A.T @ B - total * np.outer(low_x, low_y),
    )


def combine(a: Moments, b: Moments) -> Moments:
    """Return the moments of the rows of `a` and `b` together.

    Parameters
    ----------
    a, b : Moments
        Of two disjoint sets of rows, both centred or both not.

    Returns
    -------
    Moments

    Notes
    -----
    Cost: ``3 p (p + k)`` flops. The difference of the two means is small when the blocks come from the same
    population, so nothing cancels however large the means themselves are.
    """
    total = a.weight + b.weight
    apart_x = (b.mean_x - a.mean_x) + (b.mean_x_low - a.mean_x_low)
    apart_y = (b.mean_y - a.mean_y) + (b.mean_y_low - a.mean_y_low)
    share = b.weight / total
    between = a.weight * share
    mean_x, low_x = _moved(a.mean_x, a.mean_x_low, apart_x * share)
    mean_y, low_y = _moved(a.mean_y, a.mean_y_low, apart_y * share)
    gram = None
    if a.gram is not None and b.gram is not None:
        gram = a.gram + b.gram + between * np.outer(apart_x, apart_x)
    return Moments(
        weight=total,
        mean_x=mean_x,
        mean_x_low=low_x,
        mean_y=mean_y,
        mean_y_low=low_y,
        gram=gram,
        squares=a.squares + b.squares + between * apart_x**2,
        cross=a.cross + b.cross + between * np.outer(apart_x, apart_y),
    )


def _moved(mean: Floats, low: Floats, step: Floats) -> tuple[Floats, Floats]:
    """Add `step` to a mean held as two doubles."""
    moved = mean + step
    return moved, ((mean - moved) + step) + low
