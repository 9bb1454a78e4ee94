"""Dense rows: assignment by matrix products, sums cluster by cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workings.cluster.distances import Floats, Labels, squared_lengths, squared_norms, sum_of_rows

BLOCK = 256
"""Rows a matrix product, as in scikit-learn: the last bits of a row's product depend on its place in the block."""

_SPAN = 4 * BLOCK  # rows at a time: keeps the temporaries in the cache, and holds whole blocks


@dataclass(frozen=True)
class DenseRows:
    """Rows of a dense matrix with their weights.

    Parameters
    ----------
    X : ndarray of shape (n, d), C order
    weights : ndarray of shape (n,)
    """

    X: Floats
    weights: Floats

    def take(self, row: int) -> Floats:
        """Return one row."""
        taken: Floats = self.X[row]
        return taken

    def nearest(self, centers: Floats) -> Labels:
        """Return the index of the nearest centre of each row, the lowest on a tie; 2nkd flops."""
        labels = np.empty(len(self.X), dtype=np.int32)
        norms = squared_norms(centers)
        for span in _spans(len(self.X)):
            table = _inner_products_by_block(self.X[span], centers)
            table *= -2
            table += norms  # |x|² is the same for all centres
            labels[span] = table.argmin(axis=1)  # KM.2
        return labels

    def weighted_sums(self, labels: Labels, n_clusters: int) -> Floats:
        """Return the weighted sum of the rows of each cluster, shape (n_clusters, d).

        Notes
        -----
        2nd flops; a copy of the largest cluster. Each sum runs from the first row to the last.
        """
        sums = np.zeros((n_clusters, self.X.shape[1]), dtype=self.X.dtype)
        unweighted = bool((self.weights == 1).all())
        order = np.argsort(labels.astype(np.min_scalar_type(n_clusters)), kind="stable")
        start = 0
        for cluster, size in enumerate(np.bincount(labels, minlength=n_clusters).tolist()):
            members = order[start : start + size]
            block = self.X.take(members, axis=0)
            if not unweighted:
                block *= self.weights[members, np.newaxis]
            sums[cluster] += sum_of_rows(block)
            start += size
        return sums

    def squared_distances(
        self, centers: Floats, labels: Labels | int, chosen: npt.NDArray[np.intp] | None = None
    ) -> Floats:
        """Return the squared distances of the rows (or of the chosen ones) to the centres of the labels; 3nd flops."""
        n = len(self.X) if chosen is None else len(chosen)
        distances = np.empty(n, dtype=self.X.dtype)
        for span in _spans(n):
            differences = self.X[span].copy() if chosen is None else self.X.take(chosen[span], axis=0)
            differences -= centers[labels] if isinstance(labels, int) else centers.take(labels[span], axis=0)
            distances[span] = squared_lengths(differences)
        return distances

    def eccentricities(self, centers: Floats, labels: Labels) -> Floats:
        """Return the squared distance of each row to the centre of its label, added as `np.sum` adds."""
        eccentricity: Floats = ((self.X - centers[labels]) ** 2).sum(axis=1)
        return eccentricity


def _spans(n: int) -> Iterator[slice]:
    return (slice(start, start + _SPAN) for start in range(0, n, _SPAN))


def _inner_products_by_block(X: Floats, centers: Floats) -> Floats:
    n, d = X.shape
    products = np.empty((n, len(centers)), dtype=X.dtype)
    whole = n // BLOCK * BLOCK
    if whole:
        np.matmul(X[:whole].reshape(-1, BLOCK, d), centers.T, out=products[:whole].reshape(-1, BLOCK, len(centers)))
    if n - whole > 1:
        np.matmul(X[whole:], centers.T, out=products[whole:])
    elif n - whole == 1:
        # NumPy multiplies a lone row by gemv, whose order of summation is not that of gemm
        products[whole:] = (np.repeat(X[whole:], 2, axis=0) @ centers.T)[:1]
    return products
