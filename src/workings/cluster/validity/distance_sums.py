"""Sums of the distances of each row to the rows of each group, tile by tile: never all distances at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workings.cluster.distances import Floats, squared_norms
from workings.cluster.validity.groups import Groups, Indices

_TILE = 512
"""Rows of a tile: its 512² distances stay in the processor's cache."""

_MOST_GROUPS = 64
"""Groups that share a band, which bounds the sums in memory."""

_CANCELLED = 2.0**-10
"""A square below this share of |a|² + |b|² has lost ten bits, and is taken again from the differences."""

_AGAIN_AT_ONCE = 2**18
"""Entries of the differences that are taken again in one go."""


@dataclass(frozen=True, eq=False)
class Band:
    """Some whole groups of few rows, or one group of many.

    Parameters
    ----------
    rows : slice
        Of the sorted rows.
    groups : slice
        Of the groups.
    starts : ndarray
        First row of each group, counted from the band's.
    """

    rows: slice
    groups: slice
    starts: Indices

    def __len__(self) -> int:
        return int(self.rows.stop - self.rows.start)

    def tiles(self) -> Iterator[slice]:
        """Return the band's rows by pieces; a band of several groups is one piece."""
        for start in range(self.rows.start, self.rows.stop, _TILE):
            yield slice(start, min(start + _TILE, self.rows.stop))

    def within(self, tile: slice) -> slice:
        """Return the place of a piece within the band."""
        return slice(tile.start - self.rows.start, tile.stop - self.rows.start)


def bands(groups: Groups) -> list[Band]:
    """Gather consecutive groups into bands.

    Parameters
    ----------
    groups : Groups

    Returns
    -------
    list of Band
    """
    found: list[Band] = []
    ends = groups.starts + groups.sizes
    first = 0
    while first < len(groups):
        start = groups.starts[first]
        fitting = int(np.searchsorted(ends, start + _TILE, side="right"))
        last = max(first + 1, min(fitting, first + _MOST_GROUPS))
        found.append(
            Band(slice(int(start), int(ends[last - 1])), slice(first, last), groups.starts[first:last] - start)
        )
        first = last
    return found


def sums_between(rows: Floats, P: Band, Q: Band) -> tuple[Floats, Floats]:
    """Return the sums of the distances of the rows of each of two bands to the groups of the other.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
    P, Q : Band
        Different ones.

    Returns
    -------
    of_p : ndarray of shape (rows of P, groups of Q)
    of_q : ndarray of shape (rows of Q, groups of P)
    """
    of_p, of_q = np.zeros((len(P), len(Q.starts))), np.zeros((len(Q), len(P.starts)))
    for a in P.tiles():
        for b in Q.tiles():
            table = distances(rows[a], rows[b])
            of_p[P.within(a)] += np.add.reduceat(table, Q.starts, axis=1)
            of_q[Q.within(b)] += np.add.reduceat(table, P.starts, axis=0).T
    return of_p, of_q


def sums_within(rows: Floats, band: Band) -> Floats:
    """Return the sums of the distances of a band's rows to the groups of the band.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
    band : Band

    Returns
    -------
    ndarray of shape (rows of the band, groups of the band)
    """
    sums = np.zeros((len(band), len(band.starts)))
    for a in band.tiles():
        for b in band.tiles():
            if b.start < a.start:
                continue
            table = distances(rows[a], rows[b])
            sums[band.within(a)] += np.add.reduceat(table, band.starts, axis=1)
            if b.start > a.start:
                sums[band.within(b)] += np.add.reduceat(table, band.starts, axis=0).T
    return sums


def distances(A: Floats, B: Floats) -> Floats:
    """Return the distance of each row of A to each row of B, each with most of its digits.

    Parameters
    ----------
    A : ndarray of shape (m, d)
    B : ndarray of shape (n, d)

    Returns
    -------
    ndarray of shape (m, n)
        Relative errors of at most about 1000 (d + 4) units of 2^-53, wherever the origin is; 0 for equal rows.

    Notes
    -----
    |a|² - 2a·b + |b|² as one product of 2mn(d + 2) flops, with a and b counted from the mean of A; what cancels there
    is taken again from the differences.
    """
    d = A.shape[1]
    origin = A.mean(axis=0)
    left, right = np.ones((len(A), d + 2)), np.ones((len(B), d + 2))
    a, b = left[:, :d], right[:, :d]
    np.subtract(A, origin, out=a)
    np.subtract(B, origin, out=b)
    left[:, d], right[:, d + 1] = a_norms, b_norms = squared_norms(a), squared_norms(b)
    a *= -2
    squares: Floats = left @ right.T
    cancelled = np.flatnonzero(squares < (_CANCELLED * a_norms)[:, np.newaxis] + _CANCELLED * b_norms)
    step = max(1, _AGAIN_AT_ONCE // d)
    for start in range(0, len(cancelled), step):
        chosen = cancelled[start : start + step]
        i, j = np.divmod(chosen, len(B))
        squares.ravel()[chosen] = squared_norms(A[i] - B[j])
    return np.sqrt(squares, out=squares)
