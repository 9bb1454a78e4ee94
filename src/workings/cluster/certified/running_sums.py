"""The sum of each cluster, kept up to date by the rows that change sides, and a bound on its error."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from workings.arithmetic.error_free import SMALLEST, UNIT_ROUNDOFF
from workings.cluster.distances import Floats, Labels

Indices = npt.NDArray[np.intp]

_SPAN = 4096  # rows at a time
_FEW_FEATURES = 8
_MANY_CLUSTERS = 64


class RunningSums:
    """Weighted sums and weights of the clusters.

    Parameters
    ----------
    X : ndarray of shape (n, d), float64
    weights : ndarray of shape (n,) or None
        None where all are 1.
    n_clusters : int
    radius : float
        Largest norm of a row.

    Notes
    -----
    Signed sums over the rows that moved cost 4d flops a moved row, not 2d a row. Their rounding errors add up; `error`
    bounds the sum of them by the standard bound of recursive summation (Higham, section 4.2), a multiple of the
    roundoff and of all weight that ever went through a cluster. Whoever needs the digits must ask a referee.
    """

    def __init__(self, X: Floats, weights: Floats | None, n_clusters: int, radius: float) -> None:
        self._X, self._row_weights, self._k, self._radius = X, weights, n_clusters, radius
        # a product with a weight can lose this to underflow, in roundoffs of the radius
        loses = weights is not None and radius > 0
        self._lost = math.sqrt(X.shape[1]) * SMALLEST / (UNIT_ROUNDOFF * radius) if loses else 0.0

    def begin(self, labels: Labels) -> None:
        """Sum all rows."""
        n = len(labels)
        self._sums, self.weights, self.counts = self._of(None, labels)
        self._rounded = (_SPAN + n / _SPAN + 4) * self.weights + self._lost * self.counts

    def move(self, rows: Indices, old: Labels, new: Labels) -> None:
        """Take rows out of their old clusters and add them to their new ones."""
        if not len(rows):
            return
        sums, weights, counts = self._of(rows, new)
        less_sums, less_weights, less_counts = self._of(rows, old)
        self._sums += sums - less_sums
        self.weights += weights - less_weights
        self.counts += counts - less_counts
        self._rounded += (_SPAN + len(rows) / _SPAN + 6) * (weights + less_weights) + 4 * np.abs(self.weights)
        self._rounded += self._lost * (counts + less_counts)

    def centers(self) -> Floats:
        """Return the mean of each cluster, shape (k, d); no cluster may be empty."""
        return self._sums / self.weights[:, np.newaxis]

    def error(self) -> float:
        """Return a bound on the distance of each of `centers` from the exact mean."""
        if self.weights.min() <= 0:  # rounding has cancelled all of a weight, or more
            return np.inf
        # the weights are summed like the rows, hence twice
        relative = UNIT_ROUNDOFF * float((2 * self._rounded / self.weights).max() + 4)
        return 1.1 * relative * self._radius if relative < 0.01 else np.inf

    def _of(self, rows: Indices | None, labels: Labels) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
        k, d = self._k, self._X.shape[1]
        sums, weights, counts = np.zeros((k, d)), np.zeros(k), np.zeros(k, dtype=np.intp)
        add = _by_feature if d <= _FEW_FEATURES else _by_place if k >= _MANY_CLUSTERS else _by_product
        for start in range(0, len(labels), _SPAN):
            span = slice(start, start + _SPAN)
            block = self._X[span] if rows is None else self._X.take(rows[span], axis=0)
            clusters = labels[span].astype(np.intp)
            if self._row_weights is None:
                counts += np.bincount(clusters, minlength=k)
            else:
                weight = self._row_weights[span] if rows is None else self._row_weights.take(rows[span])
                weights += np.bincount(clusters, weights=weight, minlength=k)
                counts += np.bincount(clusters[weight > 0], minlength=k)
                block = block * weight[:, np.newaxis]
            add(sums, clusters, block)
        return sums, counts.astype(np.float64) if self._row_weights is None else weights, counts


def _by_feature(sums: Floats, clusters: Indices, block: Floats) -> None:
    for feature in range(block.shape[1]):
        sums[:, feature] += np.bincount(clusters, weights=block[:, feature], minlength=len(sums))


def _by_place(sums: Floats, clusters: Indices, block: Floats) -> None:
    k, d = sums.shape
    places = clusters[:, np.newaxis] * d + np.arange(d)
    sums += np.bincount(places.reshape(-1), weights=block.reshape(-1), minlength=k * d).reshape(k, d)


def _by_product(sums: Floats, clusters: Indices, block: Floats) -> None:
    members = clusters == np.arange(len(sums))[:, np.newaxis]
    sums += members.astype(np.float64) @ block
