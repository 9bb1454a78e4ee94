"""Lloyd's iteration in summation form: statistics of a block, combine, update."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from workings.cluster.distances import Floats, Labels, paired_squared_distances
from workings.cluster.empty_clusters import fill_empty_clusters
from workings.cluster.exact.certificate import AssignmentCertificate, Tally
from workings.cluster.progress import Progress
from workings.cluster.rows import Rows, cluster_weights, inertia


@dataclass(frozen=True)
class Statistics:
    """What an update needs to know about a block of rows.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Cluster of each row of the block.
    sums : ndarray of shape (k, d)
        Weighted sum of the block's rows in each cluster.
    weights : ndarray of shape (k,)
        Weight of the block's rows in each cluster.
    """

    labels: Labels
    sums: Floats
    weights: Floats


_NO_TALLY = Tally()


@dataclass(frozen=True)
class Run:
    """The end of one run from one set of initial centres.

    Parameters
    ----------
    centers : ndarray of shape (k, d)
    labels : ndarray of shape (n,)
        The nearest of `centers`, row by row.
    inertia : float
    iterations : int
    strict : bool
        True if the labels stopped changing; False if the centres moved less than the tolerance, or the iterations ran
        out.
    tally : Tally
        Zeros where nothing but the definition found the labels.
    certificate : AssignmentCertificate or None
        Of an exact run.
    """

    centers: Floats
    labels: Labels
    inertia: float
    iterations: int
    strict: bool
    tally: Tally = _NO_TALLY
    certificate: AssignmentCertificate | None = None


class Assignment(Protocol):
    """Finds the nearest centre of each row, from scratch or with the help of what it saw before."""

    @property
    def distances(self) -> int:
        """How many distances of a row to a centre the last assignment took."""

    def assign(self, centers: Floats) -> Labels:
        """Return the nearest centre of each row, in an array of its own."""

    def moved(self, centers: Floats, shifts: Floats) -> None:
        """Take note that the centres are now `centers`, each `shifts` away from where it was."""


@dataclass(frozen=True)
class BruteForce:
    """Every row against every centre, every time."""

    rows: Rows
    n_clusters: int

    @property
    def distances(self) -> int:
        """All of them."""
        return len(self.rows.weights) * self.n_clusters

    def assign(self, centers: Floats) -> Labels:
        """Return the nearest centre of each row."""
        return self.rows.nearest(centers)

    def moved(self, centers: Floats, shifts: Floats) -> None:
        """Forget: nothing is carried from one iteration to the next."""


def statistics(block: Rows, labels: Labels, n_clusters: int) -> Statistics:
    """Return the sums over one block of rows.

    Parameters
    ----------
    block : Rows
    labels : ndarray of shape (n,)
    n_clusters : int

    Returns
    -------
    Statistics
    """
    return Statistics(labels, block.weighted_sums(labels, n_clusters), cluster_weights(block, labels, n_clusters))


def combine(parts: Sequence[Statistics]) -> Statistics:
    """Return the statistics of all blocks together, the blocks in the order of their rows.

    Notes
    -----
    One part comes back unchanged, in its bits too; with several parts the sums are grouped differently, so the last
    bits may differ from those of one block.
    """
    first, *others = parts
    labels, sums, weights = first.labels, first.sums, first.weights
    for part in others:
        labels, sums, weights = np.concatenate([labels, part.labels]), sums + part.sums, weights + part.weights
    return Statistics(labels, sums, weights)


def update(rows: Rows, centers: Floats | None, total: Statistics) -> Floats:
    """Return the new centres: the weighted mean of each cluster.

    Parameters
    ----------
    rows : Rows
        All rows; only looked at when a cluster is empty.
    centers : ndarray of shape (k, d)
        The centres that made the labels; may be None where no cluster is empty.
    total : Statistics
        Of all rows.

    Returns
    -------
    ndarray of shape (k, d)
        Finite. A cluster that stays empty sits on the heaviest one: on its mean, or, if its own index is the lower
        one, on its weighted sum, as in scikit-learn, which averages in place and in order.
    """
    if total.weights.all():
        filled_centers: Floats = total.sums * (1 / total.weights)[:, np.newaxis]  # KM.5
        return filled_centers
    sums, weights = total.sums.copy(), total.weights.copy()
    if centers is not None:
        fill_empty_clusters(rows, centers, total.labels, sums, weights)
    filled = weights > 0
    new_centers = sums.copy()
    new_centers[filled] *= (1 / weights[filled])[:, np.newaxis]  # KM.5
    heaviest = int(np.argmax(weights))
    for cluster in np.flatnonzero(~filled):
        new_centers[cluster] = new_centers[heaviest] if heaviest < cluster else sums[heaviest]
    return new_centers


def squared_shift(shifts: Floats) -> float:
    """Return the sum of the squares of the shifts of the centres, in their type."""
    total: float = (shifts**2).sum()
    return total


def iterate(
    rows: Rows,
    centers: Floats,
    assignment: Assignment,
    *,
    max_iter: int,
    tolerance: float,
    progress: Progress,
) -> Run:
    """Assign and update in turn until the labels stay, the centres stay, or the iterations run out.

    Parameters
    ----------
    rows : Rows
    centers : ndarray of shape (k, d)
        Where to begin.
    assignment : Assignment
    max_iter : int
        Largest number of iterations.
    tolerance : float
        Stop when the squared shifts of the centres add up to no more than this (square of a unit of X).
    progress : Progress
        Told about every iteration.

    Returns
    -------
    Run

    Notes
    -----
    An iteration costs one assignment (2nkd flops by brute force) and one update (2nd flops). Source: S. Lloyd, "Least
    squares quantization in PCM", IEEE Transactions on Information Theory 28 (1982).
    """
    n_clusters = len(centers)
    labels = np.full(len(rows.weights), -1, dtype=np.int32)
    strict = False
    for iteration in range(max_iter):
        previous_labels, labels = labels, assignment.assign(centers)
        new_centers = update(rows, centers, combine([statistics(rows, labels, n_clusters)]))
        shifts = np.sqrt(paired_squared_distances(new_centers, centers))
        assignment.moved(new_centers, shifts)
        shift = squared_shift(shifts)
        if progress.listens:
            progress.iteration(
                iteration,
                inertia=partial(inertia, rows, centers, labels),
                centers=centers,
                labels=labels,
                moved=int(np.count_nonzero(labels != previous_labels)),
                shift=shift,
                distances=assignment.distances,
            )
        centers = new_centers
        strict = np.array_equal(labels, previous_labels)
        if strict:
            progress.converged_strictly(iteration)
            break
        if shift <= tolerance:  # KM.7
            progress.converged_within_tolerance(iteration, shift, tolerance)
            break
    if not strict:
        labels = assignment.assign(centers)
    return Run(centers, labels, inertia(rows, centers, labels), iteration + 1, strict)
