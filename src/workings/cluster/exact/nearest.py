"""The nearest centre of a row in exact arithmetic, true ties to the lowest index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workings.arithmetic import compare_distances
from workings.arithmetic.error_free import SMALLEST, UNIT_ROUNDOFF
from workings.cluster.distances import Floats, Labels
from workings.cluster.magnitude import too_large

BLOCK = 1 << 17  # numbers at a time
CAUTION = 1.01  # bounds are themselves computed in double arithmetic
LARGEST_SQUARE = 2.0**1016  # of a distance from the mean of the centres: sums of such stay in range


@dataclass
class Decisions:
    """How many assignments were decided how.

    Parameters
    ----------
    by_table : int
        By the table of all distances in double arithmetic and its error bound.
    by_differences : int
        By squared differences in double arithmetic, which are accurate wherever the origin is.
    by_integers : int
        By exact arithmetic.
    ties : int
        Rows, among all of these, that have two or more nearest centres.
    """

    by_table: int = 0
    by_differences: int = 0
    by_integers: int = 0
    ties: int = 0


def exact_nearest(X: Floats, centers: Floats, decisions: Decisions | None = None) -> Labels:
    """Return the index of the nearest centre of each row, as exact arithmetic finds it.

    Parameters
    ----------
    X : ndarray of shape (m, d), float64 or float32
        Finite.
    centers : ndarray of shape (k, d), float64 or float32
        Finite.
    decisions : Decisions, optional
        Added to.

    Returns
    -------
    ndarray of int32, shape (m,)
        The lowest index where several centres are equally near.

    Raises
    ------
    ValueError
        Where rows or centres lie more than 2^508 (8e152) from the mean of the centres: squares could overflow.

    Notes
    -----
    Rows and centres are shifted to the mean of the centres, so that bounds are relative to their spread, and the table
    of ``|c|² - 2 x.c`` leaves those centres that are nearest within its bound, ``(d + 8) u (|c|² + 2 |x| |c|)``. Of
    these, ``|x - c|²`` from differences, with a relative error of ``(d + 4) u``, leaves fewer; the last are compared
    two by two in integers.
    Cost: 2mkd operations, and `compare_distances` for each row and centre that goes to the integers; memory of some
    blocks.
    Source of the bound: N. J. Higham, Accuracy and Stability of Numerical Algorithms (2002), section 3.1.
    """
    decisions = Decisions() if decisions is None else decisions
    C, originals, repeated = _distinct(centers.astype(np.float64, copy=False))
    labels = np.empty(len(X), dtype=np.int32)
    step = max(BLOCK // max(C.shape), 64)
    table = _Table(C)
    for start in range(0, len(X), step):
        rows = slice(start, start + step)
        block = X[rows].astype(np.float64, copy=False)
        nearest, tied = _nearest(block, C, table, decisions)
        labels[rows] = originals[nearest]
        decisions.ties += int((tied | repeated[nearest]).sum())
    return labels


def _distinct(centers: Floats) -> tuple[Floats, npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Return the different centres in the order they come, their first indices, and which come more than once."""
    _, first, counts = np.unique(centers, axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)
    originals = first[order].astype(np.int32)
    return centers[originals], originals, counts[order] > 1


class _Table:
    """The candidates that the distances in double arithmetic leave."""

    def __init__(self, centers: Floats) -> None:
        k, d = centers.shape
        with np.errstate(over="ignore", invalid="ignore"):
            self.shift = centers.mean(axis=0)
        moved, norms = self._moved(centers)
        self.minus_two, self.norms = -2 * moved, norms[:, np.newaxis]
        self.relative = 2 * CAUTION * (d + 8) * UNIT_ROUNDOFF  # of two distances
        self.lost = 16 * (d + 8) * SMALLEST  # to underflow
        self.lost_length = np.sqrt(self.lost)
        self.largest = float(np.sqrt(norms.max()) + self.lost_length)
        self.numbers = np.vstack([np.ones(k), np.arange(k)])

    def candidates(self, X: Floats) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Return what may be nearest (k, m), the nearest, and whether it is the only one, (m,) each."""
        moved, squares = self._moved(X)
        distances = self.minus_two @ moved.T
        distances += self.norms
        lengths = np.sqrt(squares) + self.lost_length
        bound = self.relative * (self.largest * (self.largest + 2 * lengths)) + self.lost
        near = distances <= distances.min(axis=0) + bound
        count, index = self.numbers @ near
        return near, index.astype(np.intp), count == 1.0

    def _moved(self, points: Floats) -> tuple[Floats, Floats]:
        """Return points relative to the mean of the centres, and their squared lengths."""
        with np.errstate(over="ignore", invalid="ignore"):
            moved = points - self.shift
            squares = np.einsum("ij,ij->i", moved, moved)
        if not squares.max() <= LARGEST_SQUARE:
            raise too_large(points.dtype)
        return moved, squares


def _nearest(
    X: Floats, centers: Floats, table: _Table, decisions: Decisions
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    near, nearest, alone = table.candidates(X)
    tied = np.zeros(len(X), dtype=np.bool_)
    left = np.flatnonzero(~alone)
    decisions.by_table += len(X) - len(left)
    if not len(left):
        return nearest, tied
    rows, columns = np.nonzero(near[:, left].T)
    rows, columns = _closest(X, centers, left[rows], columns)
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    counts = np.diff(starts, append=len(rows))
    nearest[left] = columns[starts]
    open_starts, open_counts = starts[counts > 1], counts[counts > 1]
    decisions.by_differences += len(left) - len(open_starts)
    decisions.by_integers += len(open_starts)
    for place in range(1, open_counts.max(initial=1)):
        challengers = open_starts[open_counts > place] + place
        who, challenger = rows[challengers], columns[challengers]
        sign = compare_distances(X[who], centers[nearest[who]], centers[challenger])
        nearest[who] = np.where(sign > 0, challenger, nearest[who])
        tied[who] = np.where(sign > 0, False, tied[who] | (sign == 0))
    return nearest, tied


def _closest(
    X: Floats, centers: Floats, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return those of the pairs, sorted by rows, whose distance is the least of their row within its bound."""
    distances = np.empty(len(rows))
    d = X.shape[1]
    step = max(BLOCK // d, 1)
    for start in range(0, len(rows), step):
        pairs = slice(start, start + step)
        differences = X[rows[pairs]] - centers[columns[pairs]]
        distances[pairs] = np.einsum("ij,ij->i", differences, differences)
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    least = np.minimum.reduceat(distances, starts)
    limit = least * (1 + 4 * (d + 4) * UNIT_ROUNDOFF) + 16 * (d + 4) * SMALLEST
    near = distances <= np.repeat(limit, np.diff(starts, append=len(rows)))
    return rows[near], columns[near]
