"""Sparse rows (CSR): only stored entries are touched, and nothing is centred."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.cluster.distances import Floats, Indices, Labels, squared_norms

_SPAN = 4096  # rows at a time: bounds the dense table of products


@dataclass(frozen=True)
class SparseRows:
    """Rows of a CSR matrix with their weights.

    Parameters
    ----------
    X : CSR matrix of shape (n, d)
        Told by its ``data``, ``indices`` and ``indptr``; SciPy is not imported.
    weights : ndarray of shape (n,)
    """

    X: Any
    weights: Floats

    def take(self, row: int) -> Floats:
        """Return one row, dense."""
        taken: Floats = self.X[[row]].toarray()[0]
        return taken

    def nearest(self, centers: Floats) -> Labels:
        """Return the index of the nearest centre of each row, the lowest on a tie; 2·nnz·k flops."""
        n = self.X.shape[0]
        labels = np.empty(n, dtype=np.int32)
        norms = squared_norms(centers)
        for start in range(0, n, _SPAN):
            span = slice(start, start + _SPAN)
            labels[span] = (norms - 2 * (self.X[span] @ centers.T)).argmin(axis=1)  # KM.2
        return labels

    def nearest_of(self, rows: Indices, centers: Floats) -> Labels:
        """Return the index of the nearest centre of the chosen rows."""
        return SparseRows(self.X[rows], self.weights[rows]).nearest(centers)

    def weighted_sums(self, labels: Labels, n_clusters: int) -> Floats:
        """Return the weighted sum of the rows of each cluster, shape (n_clusters, d); 2·nnz flops."""
        d = self.X.shape[1]
        row = _row_of_entry(self.X)
        sums = np.zeros(n_clusters * d, dtype=self.X.dtype)
        np.add.at(sums, labels[row].astype(np.intp) * d + self.X.indices, self.X.data * self.weights[row])
        return sums.reshape(n_clusters, d)

    def squared_distances(
        self, centers: Floats, labels: Labels | int, chosen: npt.NDArray[np.intp] | None = None
    ) -> Floats:
        """Return the squared distances of the rows (or of the chosen ones) to the centres of the labels.

        Notes
        -----
        |c|² + Σ [(x_f - c_f)² - c_f²] over the stored entries; 5·nnz flops. Fails when a row is nearly its centre and
        both are far from the origin: the sum cancels. Rounding below zero is cut off.
        """
        X = self.X if chosen is None else self.X[chosen]
        row = _row_of_entry(X)
        coordinate = centers[labels if isinstance(labels, int) else labels[row], X.indices]
        difference = X.data - coordinate
        total = np.zeros(X.shape[0], dtype=X.dtype)
        np.add.at(total, row, difference * difference - coordinate * coordinate)
        total += squared_norms(centers)[labels]
        return np.maximum(total, 0, out=total)

    def eccentricities(self, centers: Floats, labels: Labels) -> Floats:
        """Return the squared distance of each row to the centre of its label."""
        return self.squared_distances(centers, labels)


def _row_of_entry(X: Any) -> npt.NDArray[np.intp]:
    return np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))


def feature_variances(X: Any) -> Floats:
    """Return the variance of each feature of a CSR matrix, the entries that are not stored counting as zeros.

    Parameters
    ----------
    X : CSR matrix of shape (n, d)

    Returns
    -------
    ndarray of shape (d,), in the type of X
        Two passes with the correction of Chan, Golub and LeVeque (1983), in float64.
    """
    n, d = X.shape
    values = X.data.astype(np.float64)
    stored = np.bincount(X.indices, minlength=d)
    means = np.bincount(X.indices, weights=values, minlength=d) / n
    deviations = values - means[X.indices]
    correction = np.bincount(X.indices, weights=deviations, minlength=d) - (n - stored) * means
    squares = np.bincount(X.indices, weights=deviations * deviations, minlength=d) + (n - stored) * means**2
    variances: Floats = ((squares - correction**2 / n) / n).astype(X.dtype)
    return variances
