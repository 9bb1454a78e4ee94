"""Who defines a trajectory of k-means: the arithmetic in which assignments, centres and sums are what they are."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from workings.arithmetic.error_free import SMALLEST
from workings.cluster.distances import Floats, Indices, Labels, paired_squared_distances, roundoff
from workings.cluster.lloyd import combine, squared_shift, statistics, update
from workings.cluster.rows import Rows, inertia


class Referee(Protocol):
    """Decides every step in an arithmetic of its own, at its price."""

    @property
    def unit(self) -> float:
        """Roundoff of its distances; 0 where they are exact."""

    @property
    def remembers(self) -> bool:
        """Whether its labels carry the roundoff of earlier iterations, when centres may have been farther away."""

    def nearest(self, centers: Floats, rows: Indices) -> Labels:
        """Return the nearest centre of the chosen rows."""

    def update(self, labels: Labels, n_clusters: int, centers: Floats | None) -> Floats:
        """Return the next centres: the means of the clusters.

        The centres that made the labels are needed to fill empty clusters, and may be None where there are none.
        """

    def mean_error(self, counts: Indices, radius: float) -> float:
        """Return how far its means can lie from the exact ones, for clusters of such sizes and rows of such norm."""

    def squared_shift(self, centers: Floats, previous: Floats) -> float:
        """Return the sum of the squared shifts of the centres."""

    def inertia(self, centers: Floats, labels: Labels) -> float:
        """Return the weighted sum of squared distances of the rows to the centres of their labels."""


class RoundedReferee:
    """The floating-point operations of scikit-learn, in their order.

    Parameters
    ----------
    rows : Rows
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._roundoff = self.unit = roundoff(rows.X.dtype)
        self.remembers = False
        least = float(rows.weights[rows.weights > 0].min())
        self._lost = math.sqrt(rows.X.shape[1]) * SMALLEST / least  # of a mean, to products that underflow

    def nearest(self, centers: Floats, rows: Indices) -> Labels:
        """Return the nearest centre of the chosen rows."""
        return self._rows.nearest_of(rows, centers)

    def update(self, labels: Labels, n_clusters: int, centers: Floats | None) -> Floats:
        """Return the next centres."""
        return update(self._rows, centers, combine([statistics(self._rows, labels, n_clusters)]))

    def mean_error(self, counts: Indices, radius: float) -> float:
        """Return the bound of a sum of rows, and of a sum of weights, added one after the other."""
        return 1.1 * (2 * float(counts.max()) + 8) * self._roundoff * radius + (self._lost if radius else 0.0)

    def squared_shift(self, centers: Floats, previous: Floats) -> float:
        """Return the sum of the squared shifts of the centres."""
        return squared_shift(np.sqrt(paired_squared_distances(centers, previous)))

    def inertia(self, centers: Floats, labels: Labels) -> float:
        """Return the weighted sum of squared distances of the rows to the centres of their labels."""
        return inertia(self._rows, centers, labels)


class UndecidedError(Exception):
    """A row on which a referee would have to remember all earlier iterations."""


class ElkanReferee(RoundedReferee):
    """scikit-learn's arithmetic when labels come from Elkan's bounds: for rows that no bound can mislead.

    Parameters
    ----------
    rows : Rows
    max_iter : int

    Notes
    -----
    The bounds are sums of distances and shifts, rounded once an iteration and kept without a margin. A row whose
    distances differ by more than all these roundings gets the label of the nearest centre, whatever the bounds did; any
    other row depends on them, and the run has to be done by Elkan's method itself.
    """

    def __init__(self, rows: Rows, max_iter: int) -> None:
        super().__init__(rows)
        self.unit *= 4 * max_iter + 16
        self.remembers = True

    def nearest(self, centers: Floats, rows: Indices) -> Labels:  # noqa: ARG002  (the referee's interface)
        """Give up.

        Raises
        ------
        UndecidedError
        """
        raise UndecidedError
