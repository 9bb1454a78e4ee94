"""What k-means asks of its data, dense or sparse, and what belongs to both."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from workings.base import is_sparse
from workings.cluster.dense import DenseRows
from workings.cluster.distances import Floats, Labels, sequential_sum
from workings.cluster.sparse import SparseRows


class Rows(Protocol):
    """The rows of X with their weights."""

    @property
    def X(self) -> Any:
        """The data, of shape (n, d)."""

    @property
    def weights(self) -> Floats:
        """One weight a row, of shape (n,)."""

    def take(self, row: int) -> Floats:
        """Return one row, dense."""

    def nearest(self, centers: Floats) -> Labels:
        """Return the index of the nearest centre of each row, the lowest on a tie."""

    def nearest_of(self, rows: npt.NDArray[np.intp], centers: Floats) -> Labels:
        """Return the index of the nearest centre of the chosen rows, as `nearest` does."""

    def weighted_sums(self, labels: Labels, n_clusters: int) -> Floats:
        """Return the weighted sum of the rows of each cluster, shape (n_clusters, d)."""

    def squared_distances(
        self, centers: Floats, labels: Labels | int, chosen: npt.NDArray[np.intp] | None = None
    ) -> Floats:
        """Return the squared distances of the rows (or of the chosen ones) to the centres of the labels.

        One label a row, or one for all; the differences are squared, nothing cancels in the dense case.
        """

    def eccentricities(self, centers: Floats, labels: Labels) -> Floats:
        """Return the squared distances by which the rows that fill empty clusters are picked."""


def as_rows(X: Any, weights: Floats) -> Rows:
    """Return the rows of a dense or sparse X behind one interface.

    Parameters
    ----------
    X : ndarray in C order, or CSR matrix, of shape (n, d)
    weights : ndarray of shape (n,)

    Returns
    -------
    DenseRows or SparseRows
    """
    return SparseRows(X, weights) if is_sparse(X) else DenseRows(X, weights)


def inertia(rows: Rows, centers: Floats, labels: Labels) -> float:
    """Return the weighted sum of squared distances of the rows to the centres of their labels.

    Parameters
    ----------
    rows : Rows
    centers : ndarray of shape (k, d)
    labels : ndarray of shape (n,)

    Returns
    -------
    float
        Computed in the type of the data.
    """
    return float(sequential_sum(rows.squared_distances(centers, labels) * rows.weights))  # KM.3


def cluster_weights(rows: Rows, labels: Labels, n_clusters: int) -> Floats:
    """Return the sum of the weights in each cluster, shape (n_clusters,)."""
    if rows.weights.dtype == np.float64:
        sums: Floats = np.bincount(labels, weights=rows.weights, minlength=n_clusters).astype(np.float64, copy=False)
        return sums
    total = np.zeros(n_clusters, dtype=rows.weights.dtype)
    np.add.at(total, labels, rows.weights)
    return total
