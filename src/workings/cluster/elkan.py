"""Elkan's assignment: bounds from the triangle inequality leave out distances that cannot matter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workings.cluster.distances import Floats, Labels, distance_table
from workings.cluster.rows import Rows

Indices = npt.NDArray[np.intp]


class TriangleBounds:
    """Remembers for each row an upper bound to its own centre and lower bounds to all centres.

    Parameters
    ----------
    rows : Rows
    centers : ndarray of shape (k, d)
        k at least 2; the centres of the first assignment.

    Notes
    -----
    Memory nk for the lower bounds. Bounds are kept in floating point without a margin, as in scikit-learn, and rows
    are compared with centres in the same order, so the labels are scikit-learn's also where a bound is off by a
    rounding error. Source: C. Elkan, "Using the triangle inequality to accelerate k-means", ICML 2003.
    """

    def __init__(self, rows: Rows, centers: Floats) -> None:
        n, k = len(rows.weights), len(centers)
        self._rows = rows
        self.distances = 0
        self._labels: Labels = np.zeros(n, dtype=np.int32)
        self._lower: Floats = np.zeros((k, n), dtype=centers.dtype)
        self._measure_centers(centers)
        self._upper: Floats = self._distances(centers, np.arange(n), 0)
        self._lower[0] = self._upper
        for cluster in range(1, k):
            self._challenge(centers, cluster, np.flatnonzero(self._upper > self._half[cluster].take(self._labels)))
        self._before_first = self.distances

    def assign(self, centers: Floats) -> Labels:
        """Return the nearest centre of each row."""
        self.distances, self._before_first = self._before_first, 0
        # a row whose own centre is nearer than half the way to the next one keeps its label
        open_rows = np.flatnonzero(self._upper > self._half_next.take(self._labels))
        open_rows, first = self._rivals(open_rows)
        labels, upper = self._labels.take(open_rows), self._tightened(centers, open_rows)
        lower = self._lower.take(open_rows, axis=1)
        for cluster in range(len(centers)):
            bound, half = lower[cluster], self._half[cluster].take(labels)
            # the first rival is met with the loose upper bound, as in scikit-learn, all later ones with the tight one
            rival = (first < cluster) & (upper > np.maximum(bound, half)) & (labels != cluster)
            rival |= first == cluster
            rival &= upper > np.minimum(bound, half)
            chosen = np.flatnonzero(rival)
            rows = open_rows.take(chosen)
            distance = self._distances(centers, rows, cluster)
            self._lower[cluster][rows] = distance
            nearer = distance < upper.take(chosen)
            labels[chosen[nearer]] = cluster
            upper[chosen[nearer]] = distance[nearer]
        self._labels[open_rows], self._upper[open_rows] = labels, upper
        return self._labels.copy()

    def moved(self, centers: Floats, shifts: Floats) -> None:
        """Widen the bounds by the distances that the centres have moved."""
        self._measure_centers(centers)
        self._upper += shifts.take(self._labels)
        self._lower -= shifts[:, np.newaxis]
        np.maximum(self._lower, 0, out=self._lower)

    def _measure_centers(self, centers: Floats) -> None:
        half = distance_table(centers, centers) / 2
        self._half_next: Floats = np.partition(half, kth=1, axis=0)[1]
        self._half: Floats = np.ascontiguousarray(half.T)  # by the other centre first; rounding makes it unsymmetric

    def _rivals(self, rows: Indices) -> tuple[Indices, Indices]:
        """Return the rows that the bounds leave open to another centre, and the first such centre of each."""
        labels, upper = self._labels.take(rows), self._upper.take(rows)
        rivals = upper > np.maximum(self._lower.take(rows, axis=1), self._half.take(labels, axis=1))
        rivals[labels, np.arange(len(rows))] = False
        some = rivals.any(axis=0)
        return rows[some], rivals.argmax(axis=0)[some]

    def _tightened(self, centers: Floats, rows: Indices) -> Floats:
        """Return the distances of rows to their own centres, which become their bounds on both sides."""
        self.distances += len(rows)
        labels = self._labels.take(rows)
        distance: Floats = np.sqrt(self._rows.squared_distances(centers, labels, rows))
        self._lower[labels, rows] = distance
        return distance

    def _challenge(self, centers: Floats, cluster: int, chosen: Indices) -> None:
        distance = self._distances(centers, chosen, cluster)
        self._lower[cluster, chosen] = distance
        nearer = distance < self._upper[chosen]
        self._labels[chosen[nearer]] = cluster
        self._upper[chosen[nearer]] = distance[nearer]

    def _distances(self, centers: Floats, chosen: Indices, cluster: int) -> Floats:
        self.distances += len(chosen)
        return np.sqrt(self._rows.squared_distances(centers, cluster, chosen))
