"""Greedy k-means++ in whatever order of summation is quick, as long as every draw is proved to be the usual one.

The result of k-means++ is a list of row numbers. Rounding touches it in two places only: which row the cumulated
distances reach a drawn number at, and which candidate has the lowest potential. A bound T on what two orders of
summation can differ by turns both into questions with a safe answer, or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.base import is_sparse
from workings.cluster.distances import Floats, Indices, rows_at

_CACHE = 3 * 2**16  # numbers that a block of rows and its table may take: 1.5 MiB
_FEWEST, _MOST = 128, 8192  # rows of a block
_TALL = range(10, 81)  # numbers of features for which BLAS packs the rows faster as its left factor
_DOUBTS_WORTH_A_TRY = 0.25  # expected number of draws without a safe answer


def certified_rows(X: Any, weights: Floats, norms: Floats, first: int, draws: Floats) -> Indices | None:
    """Return the rows that greedy k-means++ draws, if no order of summation could draw others.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, d), float64
    weights : ndarray of shape (n,)
        Not negative.
    norms : ndarray of shape (n,)
        |x|² of the rows, rounded.
    first : int
        The first row.
    draws : ndarray of shape (k - 1, trials)
        Uniform numbers in [0, 1).

    Returns
    -------
    ndarray of shape (k,), or None
        None if a draw falls too near to the edge of a row's share, or two candidates have too nearly the same
        potential.

    Notes
    -----
    2nd flops a candidate. Fails (None) on ties, when fewer rows are distinct than k, when many rows are much farther
    from the origin than from each other, and from several million rows on. Memory: one table of n · trials (two where X
    is sparse), and n numbers.

    With u = 2^-53, R = max |x|², M = Σ w (|x|² + R), blocks of B rows, and S = Σ w D², the current potential: a
    squared distance from |a|² - 2a·x + |x|² has an error of at most (2d + 5) u (|x|² + R) in any order (Higham,
    "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1; cutting it off below at 0 and taking minima
    do not add to it), so sums of w D² differ by 4 (d + 4) u M at most; doubled for underflow. A plain sum of n terms
    adds (n + 4) u S, the sums over blocks here 5 (B + number of blocks + 2) u M. A draw compares two such sums.
    """
    search = _Search(X, weights, norms, first, draws.shape[1])
    if draws.size * 2 * search.uncertainty * len(norms) > _DOUBTS_WORTH_A_TRY * search.potential:
        return None
    rows = [first]
    for uniform in draws:
        candidates = search.candidates(uniform)
        best = None if candidates is None else search.add_best_of(candidates)
        if best is None:
            return None
        rows.append(best)
    return np.array(rows)


class _Search:
    """Reduced distances D² - |x|² of the rows to their nearest centre: one addition less a candidate than with D²."""

    def __init__(self, X: Any, weights: Floats, norms: Floats, first: int, trials: int) -> None:
        n, d = X.shape
        size = min(max(_FEWEST, min(_CACHE // (d + trials), _MOST)), n)
        self._X, self._weights, self._norms = X, weights, norms
        self._reduced = X @ (-2 * rows_at(X, np.array([first]))[0]) + norms[first]
        self._table = np.empty((trials, n))
        self._spans = [slice(start, min(start + size, n)) for start in range(0, n, size)]
        self._norm_sums = np.array([weights[at] @ norms[at] for at in self._spans])
        self._cumulate(np.array([weights[at] @ self._reduced[at] for at in self._spans]))
        scale = self._norm_sums.sum() + weights.sum() * norms.max()
        of_products = (16 * (d + 4) + 10 * (size + len(self._spans) + 2)) * UNIT_ROUNDOFF
        self._fixed = of_products * scale + n * np.finfo(np.float64).tiny

    @property
    def uncertainty(self) -> float:
        """T: the distance of a draw to an edge, or of two potentials, cannot be off by more in any order of sums."""
        return float(self._fixed + 2 * (len(self._norms) + 8) * UNIT_ROUNDOFF * self.potential)

    def candidates(self, uniform: Floats) -> Indices | None:
        """Return the rows that the draws fall on; None if one falls within T of an edge."""
        drawn = uniform * self.potential
        blocks = np.searchsorted(self._edges[1:-1], drawn)
        found = [self._row_at(block, number) for block, number in zip(blocks, drawn, strict=True)]
        return None if None in found else np.array(found)

    def _row_at(self, block: int, drawn: float) -> int | None:
        at, uncertainty = self._spans[block], self.uncertainty
        edges = np.empty(at.stop - at.start + 1)
        edges[0] = self._edges[block] if block else -np.inf
        shares = edges[1:]
        np.add(self._reduced[at], self._norms[at], out=shares)
        shares *= self._weights[at]
        shares[0] += self._edges[block]
        np.cumsum(shares, out=shares)
        row = int(np.searchsorted(shares, drawn))  # KM.8
        certain = row < len(shares) and edges[row] + uncertainty < drawn < edges[row + 1] - uncertainty
        return at.start + row if certain else None

    def add_best_of(self, candidates: Indices) -> int | None:
        """Return the candidate of the lowest potential, now a centre; None if another's is within T of it."""
        sums = self._sums_of(candidates)
        potentials = sums.sum(axis=0)
        best = potentials.argmin()  # KM.9
        near = potentials <= potentials[best] + self.uncertainty
        if (candidates[near] != candidates[best]).any():
            return None
        self._reduced[:] = self._table[best]
        self._cumulate(sums[:, best])
        return int(candidates[best])

    def _sums_of(self, candidates: Indices) -> Floats:
        norms = self._norms[candidates][:, np.newaxis]
        sums = np.empty((len(self._spans), len(candidates)))
        for at, products, of_block in zip(self._spans, self._products_with(candidates), sums, strict=True):
            table = np.add(products, norms, out=self._table[:, at])
            np.minimum(table, self._reduced[at], out=table)
            np.matmul(table, self._weights[at], out=of_block)
        return sums

    def _products_with(self, candidates: Indices) -> Iterator[Floats]:
        centers = -2 * rows_at(self._X, candidates)
        if is_sparse(self._X):
            products = self._X @ centers.T
            yield from (products[at].T for at in self._spans)
        elif self._X.shape[1] in _TALL:
            buffer = np.empty((self._spans[0].stop, len(candidates)))
            for at in self._spans:
                yield np.matmul(self._X[at], centers.T, out=buffer[: at.stop - at.start]).T
        else:
            yield from (np.matmul(centers, self._X[at].T, out=self._table[:, at]) for at in self._spans)

    def _cumulate(self, reduced_sums: Floats) -> None:
        self._edges = np.concatenate([[0.0], np.cumsum(self._norm_sums + reduced_sums)])
        self.potential = float(self._edges[-1])
