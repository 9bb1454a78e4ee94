"""Dense rows: assignment by matrix products, sums cluster by cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from workings.cluster.distances import Floats, Labels, squared_lengths, squared_norms, sum_of_rows
from workings.cluster.panels import may_be_cut, only, panels
from workings.cluster.smallest import index_of_smallest

BLOCK = 256
"""Rows a matrix product, as in scikit-learn: the last bits of a row's product depend on its place in the block."""

_NUMBERS = 2**15  # at a time: keeps the temporaries in the cache
_FEW_FEATURES = 16  # up to which adding in place beats sorting the rows by cluster


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
        # as many times as a block has rows, so that they are added to whole blocks
        norms = np.repeat(squared_norms(centers)[np.newaxis], max(min(BLOCK, len(labels)), 3), axis=0)
        for span in _spans(len(self.X), len(centers), 2 * _NUMBERS):
            table = _distances_by_block(self.X[span], centers, norms)
            labels[span] = index_of_smallest(table)  # KM.2
        return labels

    def nearest_of(self, rows: npt.NDArray[np.intp], centers: Floats) -> Labels:
        """Return the index of the nearest centre of the chosen rows, as `nearest` does.

        Notes
        -----
        The products are those of whole blocks, since the bits of a product depend on its place in the block.
        """
        labels = np.empty(len(rows), dtype=np.int32)
        block = rows // BLOCK
        for number in np.unique(block):
            chosen = np.flatnonzero(block == number)
            whole = DenseRows(self.X[number * BLOCK : (number + 1) * BLOCK], self.weights)
            labels[chosen] = whole.nearest(centers)[rows[chosen] - number * BLOCK]
        return labels

    def weighted_sums(self, labels: Labels, n_clusters: int) -> Floats:
        """Return the weighted sum of the rows of each cluster, shape (n_clusters, d).

        Notes
        -----
        2nd flops; memory for a block. Each sum runs from the first row to the last.
        """
        d = self.X.shape[1]
        sums = np.zeros((n_clusters, d), dtype=self.X.dtype)
        if d <= _FEW_FEATURES:
            places = np.arange(n_clusters * d).reshape(n_clusters, d)
            for span in _spans(len(self.X), d):
                block = self.X[span] if self._unweighted else self.X[span] * self.weights[span, np.newaxis]
                np.add.at(sums.reshape(-1), places.take(labels[span], axis=0).reshape(-1), block.reshape(-1))
            return sums
        order = np.argsort(labels.astype(np.min_scalar_type(n_clusters)), kind="stable")
        step = max(_NUMBERS * 4 // d, 1)
        block = np.empty((min(step, len(order)) + 1, d), dtype=self.X.dtype)  # the sum so far, then rows to go on with
        start = 0
        for cluster, size in enumerate(np.bincount(labels, minlength=n_clusters).tolist()):
            for first in range(start, start + size, step):
                members = order[first : min(first + step, start + size)]
                rows = block[1 : len(members) + 1]
                self.X.take(members, axis=0, out=rows, mode="clip")  # any other mode takes into a buffer first
                if not self._unweighted:
                    rows *= self.weights[members, np.newaxis]
                block[0] = sums[cluster]
                sums[cluster] = sum_of_rows(block[: len(members) + 1])
            start += size
        return sums

    def squared_distances(
        self, centers: Floats, labels: Labels | int, chosen: npt.NDArray[np.intp] | None = None
    ) -> Floats:
        """Return the squared distances of the rows (or of the chosen ones) to the centres of the labels; 3nd flops."""
        n = len(self.X) if chosen is None else len(chosen)
        distances = np.empty(n, dtype=self.X.dtype)
        for span in _spans(n, self.X.shape[1]):
            differences = self.X[span].copy() if chosen is None else self.X.take(chosen[span], axis=0)
            differences -= centers[labels] if isinstance(labels, int) else centers.take(labels[span], axis=0)
            distances[span] = squared_lengths(differences)
        return distances

    def eccentricities(self, centers: Floats, labels: Labels) -> Floats:
        """Return the squared distance of each row to the centre of its label, added as `np.sum` adds."""
        eccentricity: Floats = ((self.X - centers[labels]) ** 2).sum(axis=1)
        return eccentricity

    @cached_property
    def _unweighted(self) -> bool:
        return bool((self.weights == 1).all())


def _spans(n: int, width: int, numbers: int = _NUMBERS) -> Iterator[slice]:
    """Return slices of whole blocks."""
    length = max(numbers // width // BLOCK, 4) * BLOCK
    return (slice(start, start + length) for start in range(0, n, length))


def _distances_by_block(X: Floats, centers: Floats, norms: Floats) -> Floats:
    """Return |c|² - 2 x·c; |x|², which is the same for all centres, is left out."""
    n, d = X.shape
    table: Floats = np.empty((n, len(centers)), dtype=X.dtype)
    whole = n // BLOCK * BLOCK
    if whole:
        blocks = X[:whole].reshape(-1, BLOCK, d)
        _fill_with_distances(table[:whole].reshape(-1, BLOCK, len(centers)), blocks, centers, norms)
    if n - whole > 1:
        _fill_with_distances(table[whole:], X[whole:], centers, norms)
    elif n - whole == 1:
        # NumPy multiplies a lone row by gemv. In gemm the last of three rows goes the way of a lone one
        three = np.zeros((3, d), dtype=X.dtype)
        three[2] = X[whole]
        distances = np.empty((3, len(centers)), dtype=X.dtype)
        _fill_with_distances(distances, three, centers, norms)
        table[whole] = distances[2]
    return table


def _fill_with_distances(table: Floats, X: Floats, centers: Floats, norms: Floats) -> None:
    n, d = X.shape[-2:]
    shape = n, d, len(centers), X.dtype
    parts = panels(*shape)
    if len(parts) == 1:
        np.matmul(X, centers.T, out=table)
        table *= -2
        table += norms[:n]
        return
    cut = may_be_cut(*shape)
    table[...] = norms[:n]
    for panel in parts:
        table -= 2 * (X[..., panel] @ centers[:, panel].T if cut else X @ only(centers, panel).T)
