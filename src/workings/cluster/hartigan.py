"""Hartigan's test of a partition: single rows whose move to another cluster lowers the inertia.

Lloyd's iteration ends where every row is nearest to its own centre. That row may still be better off elsewhere: its
move takes both centres along, which lets the old cluster shrink by more, and the new one grow by less, than the
distances to the centres where they are now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workings.arithmetic.error_free import UNIT_ROUNDOFF, sum_rows
from workings.base import check_array, check_sample_weight, column_or_1d, require_same_length
from workings.cluster.distances import Floats, squared_norms
from workings.cluster.magnitude import require_squarable, require_visible

Indices = npt.NDArray[np.intp]

_ENTRIES = 2**18  # of a temporary: 2 MB, which a cache holds
_WIDEST_WEIGHTS = 1e-290  # least weight over the sum of all, below which their ratios underflow


@dataclass(frozen=True)
class SingleMoves:
    """The rows whose move to another cluster lowers the inertia of a partition, and those for which rounding hides it.

    Parameters
    ----------
    moves : DataFrame
        A line for each row that some move is certain to help, in the order of the gains: ``row``, counted from 0;
        ``from`` and ``to``, labels; ``gain``, by how much the best such move lowers the inertia, in squared units of X;
        ``bound``, which the rounding error of the gain does not pass.
    undecided : ndarray of int
        Rows of which no move is certain to help, and some move is not certain not to.
    inertia : float
        Of the partition, with each cluster's mean as its centre.
    clusters : int
        Number of clusters that have a weight.

    Notes
    -----
    The gains belong to one move each and do not add up: the first one moves the centres that the others refer to.
    """

    moves: pd.DataFrame
    undecided: Indices = field(repr=False)
    inertia: float
    clusters: int

    @property
    def largest(self) -> float:
        """The largest gain; 0 where there is none."""
        return float(self.moves["gain"].max()) if len(self.moves) else 0.0

    @property
    def optimal(self) -> bool | None:
        """Whether no single move lowers the inertia; None where rounding hides that."""
        if len(self.moves):
            return False
        return None if len(self.undecided) else True

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        hidden = f"for {_count_of_rows(len(self.undecided))} rounding hides whether some move does"
        if self.optimal:
            return "No move of a single row to another cluster lowers the inertia: the partition is Hartigan-optimal."
        if self.optimal is None:
            return f"No move of a single row is certain to lower the inertia; {hidden}."
        row, old, new = (self.moves[column].iloc[0] for column in ("row", "from", "to"))
        return (
            f"The partition is not Hartigan-optimal: {_count_of_rows(len(self.moves))} can move to another cluster and "
            f"lower the inertia of {self.inertia:.6g}, by {self.largest:.3g} where row {row} moves from {old} to {new}"
            f"{f'; {hidden}' if len(self.undecided) else ''}."
        )


def single_moves(X: Any, labels: Any, *, sample_weight: Any = None) -> SingleMoves:
    """Return the rows whose move to another cluster, both centres moving along, lowers the inertia.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Computed in float64.
    labels : array-like of shape (n,)
        Integers; rows with the same one form a cluster. The means of the clusters are taken as the centres.
    sample_weight : array-like of shape (n,), optional
        Not negative. Rows of weight zero, and clusters of nothing else, take no part.

    Returns
    -------
    SingleMoves

    Raises
    ------
    ValueError
        NaN or infinity; other lengths; labels that are not integers; squares, or ratios of weights, that leave the
        floating-point range.
    TypeError
        Sparse X.

    Notes
    -----
    A row x of weight w that moves from cluster a to b, of total weights W and means c, lowers the inertia by

        w W_a / (W_a - w) |x - c_a|² - w W_b / (W_b + w) |x - c_b|²,

    which is n_a / (n_a - 1) |x - c_a|² - n_b / (n_b + 1) |x - c_b|² without weights. The only row of a cluster is its
    centre, and nothing is gained by its move. A cluster that lost all its rows is not there, and not a target.

    All pairs of a row and a cluster pass a matrix product; the few that it leaves open are computed from the
    differences, with a bound on the rounding errors of data, means, distances and ratios. A move counts where its gain
    passes its bound. Ties stay undecided, such as a row halfway between two clusters of one row each.

    2nkd flops for a converged partition, and up to 5nkd for labels that fit nothing; memory: a copy of X.

    Fails when n is so large that the bound on the sums behind the means, n log2(n) 2^-106, matters: beyond 2^40 rows.
    Sources: J. A. Hartigan, Clustering Algorithms (1975), chapter 4; M. Telgarsky and A. Vattani, "Hartigan's method:
    k-means clustering without Voronoi", AISTATS 2010. Since the first factor is above 1 and the second below, a
    partition that passes is also one at which Lloyd's iteration stops; the converse fails, as below.

    Examples
    --------
    Each row is nearest to the centre of its own cluster, 1.5 or 5, so Lloyd's iteration ends here:

    >>> import numpy as np
    >>> from workings.cluster import single_moves
    >>> X = np.array([[0.0], [3.0], [5.0]])
    >>> found = single_moves(X, [0, 0, 1])
    >>> found.moves[["row", "from", "to", "gain"]].values.tolist()
    [[1.0, 0.0, 1.0, 2.5]]
    >>> single_moves(X, [0, 1, 1]).sentence
    'No move of a single row to another cluster lowers the inertia: the partition is Hartigan-optimal.'
    """
    X = check_array(X, dtype=(np.float64,))
    labels = column_or_1d(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError(f"labels have to be integers, one a row; got the type {labels.dtype}.")
    require_same_length(X, labels)
    weights = check_sample_weight(sample_weight, X)
    rows = np.flatnonzero(weights)
    names, members = np.unique(labels[rows], return_inverse=True)
    weights = weights[rows]
    if weights.min() < _WIDEST_WEIGHTS * weights.sum():
        raise ValueError("Sample weights differ by a factor that overflows. Set the smallest of them to zero.")
    deviations, exponent = _scaled_deviations(X[rows] if len(rows) < len(X) else X, weights)
    unit_of_weights = int(np.frexp(weights.max())[1])
    weights, exponent = np.ldexp(weights, -unit_of_weights), 2 * exponent + unit_of_weights
    partition = _Partition.of(deviations, weights, members, len(names))
    found = [_tested(partition, block) for block in _blocks(len(rows), max(len(names), X.shape[1]))]
    moved, targets, gains, bounds, undecided = (
        np.concatenate([getattr(part, name) for part in found])
        for name in ("rows", "targets", "gains", "bounds", "undecided")
    )
    moves = pd.DataFrame(
        {
            "row": rows[moved],
            "from": names[members[moved]],
            "to": names[targets],
            "gain": np.ldexp(gains, exponent),
            "bound": np.ldexp(bounds, exponent),
        }
    ).sort_values("gain", ascending=False, kind="stable", ignore_index=True)
    inertia = float(np.ldexp(sum(part.inertia for part in found), exponent))
    return SingleMoves(moves, rows[undecided], inertia, len(names))


@dataclass(frozen=True)
class _Partition:
    """Rows about the origin, and what the test needs to know of their clusters.

    ``center_errors`` bound the lengths of the errors of ``centers``, to which those of the rows' entries contribute.
    """

    rows: Floats
    norms: Floats
    weights: Floats
    members: Indices
    sizes: Indices
    totals: Floats
    centers: Floats
    center_errors: Floats

    @classmethod
    def of(cls, rows: Floats, weights: Floats, members: Indices, clusters: int) -> _Partition:
        sizes = np.bincount(members, minlength=clusters)
        totals, magnitudes = np.empty(clusters), np.empty(clusters)
        centers = np.empty((clusters, rows.shape[1]))
        order = np.argsort(members, kind="stable")
        for cluster, chosen in enumerate(np.split(order, np.cumsum(sizes)[:-1])):
            weight = weights[chosen, np.newaxis]
            terms = rows[chosen] * weight
            totals[cluster] = np.add(*sum_rows(weight))[0]
            centers[cluster] = np.add(*sum_rows(terms)) / totals[cluster]
            np.abs(terms, out=terms)
            magnitudes[cluster] = np.linalg.norm(terms.sum(axis=0) / totals[cluster])
        # rounding of an entry, its product, the sum, the total and the quotient: 5 units and a bit of the magnitudes
        errors = 8 * UNIT_ROUNDOFF * magnitudes
        return cls(rows, np.sqrt(squared_norms(rows)), weights, members, sizes, totals, centers, errors)

    def squared_distances(self, rows: Indices, clusters: Indices) -> tuple[Floats, Floats]:
        """Return |x - c|² of pairs of a row and a cluster, and bounds of the errors; 3d flops a pair."""
        differences = self.rows[rows]
        differences -= self.centers[clusters]
        squares = squared_norms(differences)
        d, lengths = self.rows.shape[1], np.sqrt(squares)
        shift = 2 * UNIT_ROUNDOFF * (lengths + self.norms[rows]) + self.center_errors[clusters]
        errors = (d + 2) * UNIT_ROUNDOFF * squares + (2 * lengths + shift) * shift + d * np.finfo(np.float64).tiny
        return squares, errors


def _scaled_deviations(X: Floats, weights: Floats) -> tuple[Floats, int]:
    """Return the deviations from the rounded mean times 2^-exponent, none above 1, and the exponent."""
    with np.errstate(over="ignore", invalid="ignore"):
        deviations = X - X.mean(axis=0)
        norms = squared_norms(deviations)
        require_squarable(np.nan_to_num(norms, nan=np.inf), weights)
    require_visible(deviations, norms)
    exponent = int(np.frexp(np.abs(deviations).max())[1])
    return np.ldexp(deviations, -exponent), exponent


def _blocks(n: int, width: int) -> Iterator[slice]:
    step = max(1, _ENTRIES // width)
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


@dataclass(frozen=True)
class _Found:
    """What a block of rows gave: the moves that help, the rows left undecided, and the block's share of the inertia."""

    rows: Indices
    targets: Indices
    gains: Floats
    bounds: Floats
    undecided: Indices
    inertia: float


def _tested(partition: _Partition, block: slice) -> _Found:
    """Return for each row of a block the move whose gain, its bound taken off, is largest and positive."""
    own, weights = partition.members[block], partition.weights[block]
    squares, errors = partition.squared_distances(np.arange(block.start, block.stop), own)
    totals = partition.totals[own]
    rest = totals - weights
    known = rest > 8 * UNIT_ROUNDOFF * totals  # else the difference has lost its digits
    ratio = totals / np.where(known, rest, totals)
    loss = (2 * ratio + 16) * UNIT_ROUNDOFF
    saved = ratio * squares
    saved_errors = np.where(known, (1 + loss) * ratio * errors + loss * saved, np.inf)
    saved_errors[partition.sizes[own] == 1] = -np.inf  # a row that is its own centre has nothing to save
    rows, targets = _open_pairs(partition, block, saved + saved_errors)
    gains, bounds = np.empty(len(rows)), np.empty(len(rows))
    for pairs in _blocks(len(rows), partition.rows.shape[1]):
        i, j = rows[pairs], targets[pairs]
        distances, distance_errors = partition.squared_distances(block.start + i, j)
        share = partition.totals[j] / (partition.totals[j] + weights[i])
        paid = share * distances
        gains[pairs] = weights[i] * (saved[i] - paid)
        bounds[pairs] = weights[i] * (saved_errors[i] + share * distance_errors + 16 * UNIT_ROUNDOFF * paid)
    order = np.lexsort((gains - bounds, rows))
    best = order[np.diff(rows[order], append=len(own)) > 0]
    best = best[gains[best] > bounds[best]]
    undecided = np.setdiff1d(rows[gains > -bounds], rows[best])
    return _Found(
        block.start + rows[best],
        targets[best],
        gains[best],
        bounds[best],
        block.start + undecided,
        float((squares * weights).sum()),
    )


def _open_pairs(partition: _Partition, block: slice, most: Floats) -> tuple[Indices, Indices]:
    """Return the pairs of a row of the block and another cluster for which a matrix product cannot exclude a gain.

    ``most`` is what leaving the own cluster saves at most, for a weight of one.
    """
    rows, centers, totals = partition.rows[block], partition.centers, partition.totals
    norms, weights = partition.norms[block], partition.weights[block, np.newaxis]
    table = rows @ (-2 * centers.T)
    table += squared_norms(centers)
    # no centre, and no mean of magnitudes, is longer than the longest row
    slack = (2 * rows.shape[1] + 64) * UNIT_ROUNDOFF * (norms + partition.norms.max()) ** 2
    table += (norms**2 - slack)[:, np.newaxis]
    table *= totals / (totals + weights)
    table[np.arange(len(rows)), partition.members[block]] = np.inf
    row, cluster = np.nonzero(table < most[:, np.newaxis])
    return row, cluster


def _count_of_rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
