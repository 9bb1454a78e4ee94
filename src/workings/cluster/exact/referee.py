"""k-means in exact arithmetic: what defines each step, whatever the order of rows, the threads and the machine.

- An assignment is that of exact arithmetic on rows and centres read as they are, true ties to the lowest index.
- A centre is the correctly rounded weighted mean of its rows.
- A distance of a row to its own centre is a fixed sequence of roundings (`squared_lengths`, always in double
  arithmetic), and a sum of distances is correctly rounded.
- Among rows equally far from their centres, the one that comes first in lexicographic order of its features goes
  first: what a row holds decides, not where it stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from workings.arithmetic import rounded_sum
from workings.cluster.distances import Floats, Indices, Labels, roundoff, squared_lengths
from workings.cluster.exact.means import ExactMeans
from workings.cluster.exact.nearest import Decisions, exact_nearest
from workings.cluster.magnitude import too_large

BLOCK = 1 << 15  # numbers at a time
LARGEST_SUM = 2.0**1000  # that `rounded_sum` takes


class ExactReferee:
    """Decides every step of k-means on the same rows in exact arithmetic.

    Parameters
    ----------
    X : ndarray of shape (n, d), C order, float64 or float32
        Finite, as the user gave it: not centred, since centring rounds. Not copied, not changed.
    weights : ndarray of shape (n,), float64 or float32
        Finite, not negative, not all zero.

    Attributes
    ----------
    decisions : Decisions
        How the assignments were decided so far.
    unit : float
        0: distances are compared exactly.
    remembers : bool
        False: nothing is carried from one iteration to the next.

    Raises
    ------
    ValueError
        For entries or weights above 2^500 (3e150), whose squared distances or their sums could overflow.

    Notes
    -----
    Memory: some blocks, and two numbers a row. For the costs see each method.
    """

    def __init__(self, X: Floats, weights: Floats) -> None:
        self.X, self.weights = X, weights
        self.unit = 0.0
        self.remembers = False
        self._means = ExactMeans(X, weights)
        coarseness = float(np.finfo(X.dtype).smallest_subnormal) * math.sqrt(X.shape[1])
        self._half_digit = roundoff(X.dtype) * math.hypot(*self._means.maxima) + coarseness / 2
        self.decisions = Decisions()

    def nearest(self, centers: Floats, rows: Indices | None = None) -> Labels:
        """Return the nearest centre of all rows, or of the chosen ones; see `exact_nearest`."""
        return exact_nearest(self.X if rows is None else self.X.take(rows, axis=0), centers, self.decisions)

    def centers(self, labels: Labels, k: int) -> tuple[Floats, Floats]:
        """Return the centres of the clusters, (k, d) in the type of X, and their weights, (k,) float64.

        Parameters
        ----------
        labels : ndarray of shape (n,)
        k : int

        Notes
        -----
        Both are correctly rounded. A cluster without weight sits on the heaviest one, the first of these.
        For the cost see `ExactMeans.of`.
        """
        means = self._means.of(labels, k)
        centers = means.centers
        centers[means.weights == 0] = centers[np.argmax(means.weights)]
        return centers, means.weights

    def update(self, labels: Labels, n_clusters: int, centers: Floats | None) -> Floats:
        """Return the next centres: `centers`, after `fill_empty` where the centres that made the labels are given."""
        new, weights = self.centers(labels, n_clusters)
        if centers is None or weights.all():
            return new
        return self.centers(self.fill_empty(centers, labels, weights), n_clusters)[0]

    def mean_error(self, counts: Indices, radius: float) -> float:  # noqa: ARG002  (the referee's interface)
        """Return how far a centre can lie from the exact mean: half a unit in the last place of the largest entries."""
        return 1.1 * self._half_digit if radius else 0.0  # without a radius all rows are one, and so is their mean

    def squared_shift(self, centers: Floats, previous: Floats) -> float:
        """Return the sum of the squared shifts of the centres: fixed terms, a correctly rounded sum."""
        return squared_shift(centers, previous)

    def fill_empty(self, centers: Floats, labels: Labels, cluster_weights: Floats) -> Labels:
        """Return labels in which each cluster without weight has one of the rows farthest from their centres.

        Parameters
        ----------
        centers : ndarray of shape (k, d)
            The centres that made `labels`.
        labels : ndarray of shape (n,)
            Not changed.
        cluster_weights : ndarray of shape (k,)
            Of these labels.

        Returns
        -------
        ndarray of shape (n,)
            `labels` itself where there is nothing to move. For the next centres only.

        Notes
        -----
        The empty cluster of lowest index takes the farthest row. Rows without weight, and rows that lie on their
        centre, fill nothing. Equally far rows go in lexicographic order, equal ones by falling weight.
        Cost: 3nd operations, in iterations with an empty cluster only.
        """
        empty = np.flatnonzero(cluster_weights == 0)
        if not len(empty):
            return labels
        farthest = self._farthest(self._squared_distances(centers, labels), len(empty))
        moved = labels.copy()
        moved[farthest] = empty[: len(farthest)]
        return moved

    def inertia(self, centers: Floats, labels: Labels) -> float:
        """Return the sum over the rows of ``w |x - c|²``, correctly rounded from the rounded terms.

        Raises
        ------
        ValueError
            If it overflows.

        Notes
        -----
        3nd operations and an exact sum of n doubles. Terms are computed in double arithmetic for float32 too.
        """
        with np.errstate(over="ignore"):
            terms = self._squared_distances(centers, labels) * self.weights  # KM.3
        return self._sum(terms)

    def tolerance(self, relative: float) -> float:
        """Return the mean of the features' variances times a relative tolerance.

        Notes
        -----
        Variances without weights, about the correctly rounded means: the inertia of one cluster, divided by nd.
        Costs `centers` and `inertia` once.
        """
        if relative == 0:
            return 0.0
        n, d = self.X.shape
        together = np.zeros(n, dtype=np.int32)
        means = self._means if self._means.equal else ExactMeans(self.X, np.ones(n))
        center = means.of(together, 1).centers
        variance = self._sum(self._squared_distances(center, together)) / float(n * d)
        return variance * float(relative)

    def _squared_distances(self, centers: Floats, labels: Labels) -> Floats:
        distances = np.empty(len(self.X))
        places = centers.astype(np.float64, copy=False)
        for rows in self._blocks():
            distances[rows] = squared_lengths(self.X[rows] - places.take(labels[rows], axis=0))
        return distances

    def _blocks(self) -> Iterator[slice]:
        step = max(BLOCK // self.X.shape[1], 64)
        return (slice(start, start + step) for start in range(0, len(self.X), step))

    def _sum(self, terms: Floats) -> float:
        with np.errstate(over="ignore"):
            total = terms.sum()
        if not total < LARGEST_SUM:
            raise too_large(self.X.dtype)
        return rounded_sum(terms)

    def _farthest(self, distances: Floats, count: int) -> Indices:
        """Return the rows that come first in the order that fills empty clusters, at most `count`."""
        eligible = np.flatnonzero((distances > 0) & (self.weights > 0))
        if len(eligible) > count:
            least = np.partition(distances[eligible], -count)[-count]
            eligible = eligible[distances[eligible] >= least]
        features = [self.X[eligible, j] for j in reversed(range(self.X.shape[1]))]
        order = np.lexsort([-self.weights[eligible], *features, -distances[eligible]])
        farthest: Indices = eligible[order[:count]]
        return farthest


def squared_shift(centers: Floats, previous: Floats) -> float:
    """Return the sum of the squared shifts of the centres: fixed terms, a correctly rounded sum.

    Parameters
    ----------
    centers, previous : ndarray of shape (k, d)

    Returns
    -------
    float
        In double arithmetic for float32 too.
    """
    return rounded_sum(squared_lengths(centers.astype(np.float64) - previous))  # KM.7
