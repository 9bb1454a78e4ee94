"""The mini-batch step: each centre is the running mean of the rows it was given; a starved one begins anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workings.base import is_sparse
from workings.cluster.distances import Floats, Labels
from workings.cluster.rows import Rows, cluster_weights, inertia

_SPAN = 1024  # dense rows at a time: bounds the table of places to add to


@dataclass(frozen=True)
class RunningMeans:
    """Centres and what they are the means of.

    Parameters
    ----------
    centers : ndarray of shape (k, d)
    counts : ndarray of shape (k,)
        Weight of all rows that each centre was given so far.
    """

    centers: Floats
    counts: Floats


@dataclass(frozen=True)
class Step:
    """What one batch did.

    Parameters
    ----------
    means : RunningMeans
        After the batch.
    inertia : float
        Weighted sum of squared distances of the batch's rows to the centres before it.
    shift : float
        Sum of the squared shifts of the centres.
    reassigned : int
        How many centres began anew.
    """

    means: RunningMeans
    inertia: float
    shift: float
    reassigned: int


def step(means: RunningMeans, rows: Rows, *, ratio: float, rng: np.random.RandomState) -> Step:
    """Give each row of a batch to the nearest centre, and move the centres.

    Parameters
    ----------
    means : RunningMeans
        Not changed.
    rows : Rows
        The batch.
    ratio : float
        Centres below this share of the largest weight begin anew; 0 for none.
    rng : RandomState

    Returns
    -------
    Step

    Notes
    -----
    2nkd flops.
    """
    labels = rows.nearest(means.centers)
    value = inertia(rows, means.centers, labels)
    after, reassigned = absorb(means, rows, labels), 0
    if ratio > 0:
        after, reassigned = replace_starved(after, rows, ratio, rng)
    shift = float(np.sum((after.centers - means.centers) ** 2))
    return Step(after, value, shift, reassigned)


def absorb(means: RunningMeans, rows: Rows, labels: Labels) -> RunningMeans:
    """Return the means after each centre was given the rows of its label.

    Parameters
    ----------
    means : RunningMeans
        Not changed.
    rows : Rows
        The batch.
    labels : ndarray of shape (n,)

    Returns
    -------
    RunningMeans
        A centre that was given no weight stays where it is.

    Notes
    -----
    2nd flops. The mean is unfolded into its sum, the rows are added from the first to the last, and the sum is averaged
    again. Fails when a centre holds so many rows that one more drowns in the rounding of their sum: in float32 from
    some 2²⁴ on.
    """
    gained = cluster_weights(rows, labels, len(means.counts))
    given = gained > 0
    counts = means.counts + gained
    sums = means.centers * means.counts[:, np.newaxis]
    _add_in_order(sums, rows, labels)
    centers = means.centers.copy()
    centers[given] = sums[given] * (1 / counts[given])[:, np.newaxis]
    return RunningMeans(centers, counts)


def _add_in_order(sums: Floats, rows: Rows, labels: Labels) -> None:
    k, d = sums.shape
    flat, places = sums.reshape(-1), np.arange(k * d).reshape(k, d)
    if is_sparse(rows.X):
        row = np.repeat(np.arange(len(labels)), np.diff(rows.X.indptr))
        np.add.at(flat, places[labels[row], rows.X.indices], rows.X.data * rows.weights[row])
        return
    unweighted = bool((rows.weights == 1).all())
    for start in range(0, len(labels), _SPAN):
        span = slice(start, start + _SPAN)
        block = rows.X[span] if unweighted else rows.X[span] * rows.weights[span, np.newaxis]
        np.add.at(flat, places.take(labels[span], axis=0).reshape(-1), block.reshape(-1))


def replace_starved(
    means: RunningMeans, rows: Rows, ratio: float, rng: np.random.RandomState
) -> tuple[RunningMeans, int]:
    """Move the centres of little weight to rows of the batch, drawn without regard to their weights.

    Parameters
    ----------
    means : RunningMeans
        Not changed.
    rows : Rows
        The batch; at most half of its rows become centres, those of the least weight first.
    ratio : float
        A centre is starved if its weight is below this share of the largest weight.
    rng : RandomState
        Advanced if there are starved centres.

    Returns
    -------
    means : RunningMeans
        A centre that was moved counts as much as the lightest that was not, so that it is not starved at once.
    replaced : int
        How many centres were moved.

    Raises
    ------
    ValueError
        If all centres are starved, which takes a ratio above 1.
    """
    starved = means.counts < ratio * means.counts.max()
    allowed = 0.5 * len(rows.weights)
    if starved.sum() > allowed:
        starved[np.argsort(means.counts)[int(allowed) :]] = False
    replaced = int(starved.sum())
    if not replaced:
        return means, 0
    if replaced == len(starved):
        raise ValueError(
            f"reassignment_ratio={ratio} reassigns every cluster, and none is left to go by. Choose a ratio of at most "
            "1."
        )
    centers, counts = means.centers.copy(), means.counts.copy()
    drawn = rng.choice(len(rows.weights), replace=False, size=replaced)
    centers[starved] = rows.X[drawn].toarray() if is_sparse(rows.X) else rows.X[drawn]
    counts[starved] = counts[~starved].min()
    return RunningMeans(centers, counts), replaced
