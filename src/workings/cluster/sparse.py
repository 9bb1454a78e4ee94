"""Sparse rows (CSR): only stored entries are touched, and nothing is centred."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.cluster.columns import subtract_from_rows
from workings.cluster.distances import Floats, Indices, Labels, squared_norms
from workings.cluster.smallest import index_of_smallest

_SPAN = 8192  # rows at a time: bounds the temporaries


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
        labels = np.empty(self.X.shape[0], dtype=np.int32)
        norms = squared_norms(centers)
        columns = np.ascontiguousarray(centers.T)
        for span, part in self._parts:
            table = part @ columns
            table *= -2
            subtract_from_rows(table, -norms)
            labels[span] = index_of_smallest(table)  # KM.2
        return labels

    def nearest_of(self, rows: Indices, centers: Floats) -> Labels:
        """Return the index of the nearest centre of the chosen rows."""
        return SparseRows(self.X[rows], self.weights[rows]).nearest(centers)

    def weighted_sums(self, labels: Labels, n_clusters: int) -> Floats:
        """Return the weighted sum of the rows of each cluster, shape (n_clusters, d); 2·nnz flops."""
        d = self.X.shape[1]
        sums = np.zeros(n_clusters * d, dtype=self.X.dtype)
        for span, part in self._parts:
            entries = part.data if self._unweighted else part.data * _by_entry(part, self.weights[span])
            np.add.at(sums, _places(part, labels[span]), entries)
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
        if chosen is not None:
            return SparseRows(self.X[chosen], self.weights).squared_distances(centers, labels)
        total = np.empty(self.X.shape[0], dtype=self.X.dtype)
        for span, part in self._parts:
            coordinate = (
                centers[labels].take(part.indices)
                if isinstance(labels, int)
                else centers.reshape(-1).take(_places(part, labels[span]))
            )
            summand = part.data - coordinate
            summand *= summand
            coordinate *= coordinate
            summand -= coordinate
            total[span] = _row_sums(part, summand)
        total += squared_norms(centers)[labels]
        return np.maximum(total, 0, out=total)

    def eccentricities(self, centers: Floats, labels: Labels) -> Floats:
        """Return the squared distance of each row to the centre of its label."""
        return self.squared_distances(centers, labels)

    @cached_property
    def _parts(self) -> list[tuple[slice, Any]]:
        """Some rows at a time, which share their entries with X."""
        n, d = self.X.shape
        parts = []
        for start in range(0, n, _SPAN):
            span = slice(start, min(start + _SPAN, n))
            ends = self.X.indptr[span.start : span.stop + 1]
            entries = slice(ends[0], ends[-1])
            part = type(self.X)((len(ends) - 1, d), dtype=self.X.dtype)
            part.data, part.indices, part.indptr = self.X.data[entries], self.X.indices[entries], ends - ends[0]
            parts.append((span, part))
        return parts

    @cached_property
    def _unweighted(self) -> bool:
        return bool((self.weights == 1).all())


def _by_entry(X: Any, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return for each stored entry the value of its row."""
    return np.repeat(values, np.diff(X.indptr))


def _places(X: Any, labels: Labels) -> Indices:
    """Return for each stored entry where its coordinate lies in a flat table of centres."""
    places = _by_entry(X, labels.astype(np.intp) * X.shape[1])
    places += X.indices
    return places


def _row_sums(X: Any, entries: Floats) -> Floats:
    """Return the sum of each row, added strictly from the first entry to the last, of a matrix stored like X."""
    like = type(X)(X.shape, dtype=X.dtype)
    like.data, like.indices, like.indptr = entries, X.indices, X.indptr
    return np.asarray(like @ np.ones(X.shape[1], dtype=X.dtype))


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
    columns = X.indices.astype(np.intp)
    stored = np.bincount(columns, minlength=d)
    means = np.bincount(columns, weights=X.data, minlength=d) / n
    deviations = X.data - means.take(columns)
    correction = np.bincount(columns, weights=deviations, minlength=d) - (n - stored) * means
    deviations *= deviations
    squares = np.bincount(columns, weights=deviations, minlength=d) + (n - stored) * means**2
    variances: Floats = ((squares - correction**2 / n) / n).astype(X.dtype)
    return variances
