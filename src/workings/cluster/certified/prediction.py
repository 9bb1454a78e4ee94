"""The nearest centres of rows that are seen once: float32 with a proof, and a referee for the rest."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.base import is_sparse
from workings.cluster.certified.double_precision import decide
from workings.cluster.certified.single_precision import (
    Doubt,
    Target,
    aim_unpacked,
    block_length,
    look,
    misplacement_doubt,
    rounding_doubt,
    underflow_doubt,
)
from workings.cluster.certified.tournament import Singles
from workings.cluster.columns import subtract_from_rows
from workings.cluster.distances import Floats, Indices, Labels, roundoff, squared_norms
from workings.cluster.magnitude import require_multipliable
from workings.cluster.rows import Rows

_MANY_PAIRS = 40_000  # of a row and a centre
_FEW_FEATURES = 64
_FEW_BITS = 20  # by which centres may miss 1 and still have squares that float32 holds with room to spare
_FAR = 4.0  # distance of the centres from the origin, in their own spread, from which rows are shifted


def nearest(rows: Rows, centers: Floats) -> Labels:
    """Return the nearest centre of each row, as `Rows.nearest` does, by the faster way.

    Parameters
    ----------
    rows : Rows
    centers : ndarray of shape (k, d)

    Returns
    -------
    ndarray of shape (n,), int32

    Raises
    ------
    ValueError
        If an inner product overflows that is needed.
    """
    n = len(rows.weights)
    if is_sparse(rows.X) or len(centers) == 1 or n * len(centers) < _MANY_PAIRS:
        require_multipliable(rows.X.data if is_sparse(rows.X) else rows.X, centers)
        return rows.nearest(centers)

    def referee(doubtful: Indices) -> Labels:
        require_multipliable(rows.X.take(doubtful, axis=0), centers)
        return rows.nearest_of(doubtful, centers)

    return foretold(rows.X, centers, referee, roundoff(rows.X.dtype))


def foretold(X: Floats, centers: Floats, referee: Callable[[Indices], Labels], unit: float) -> Labels:
    """Return the nearest centre of each row in an arithmetic that is asked only about rows that leave a doubt.

    Parameters
    ----------
    X : ndarray of shape (n, d), C order
    centers : ndarray of shape (k, d)
    referee : callable
        Returns the labels of the rows with the given indices.
    unit : float
        Roundoff of its distances; 0 where they are exact.

    Returns
    -------
    ndarray of shape (n,), int32

    Notes
    -----
    2nk(d + 2) flops in float32; memory for a block. Fails to save time when most rows are equally near to two centres.
    """
    view = _View(X, centers, unit)
    labels = np.empty(len(X), dtype=np.int32)
    left = []
    step = block_length(*centers.shape)
    for start in range(0, len(X), step):
        span = slice(start, start + step)
        labels[span], doubtful = view.labels(X[span])
        left.append(doubtful + start)
    rest = np.concatenate(left)
    if len(rest):
        labels[rest] = referee(rest)
    return labels


class _View:
    """Rows and centres shifted to where the centres are, and scaled to about 1."""

    def __init__(self, X: Floats, centers: Floats, unit: float) -> None:
        middle = centers.mean(axis=0, dtype=np.float64)
        spread = centers - middle
        far = float(np.abs(middle).max()) > _FAR * float(np.abs(spread).max())
        self._middle = middle if far else None
        moved = spread if far else centers.astype(np.float64)
        d = X.shape[1]
        # rows may lie further out: should one leave the range of float32, its block is left to the referee
        exponent = math.frexp(math.sqrt(squared_norms(moved).max()))[1]
        self._scale = math.ldexp(1.0, -exponent) if abs(exponent) > _FEW_BITS else 1.0
        self._centers = moved * self._scale
        largest = float(squared_norms(self._centers).max())
        away = float(squared_norms(middle[np.newaxis] * self._scale)[0]) if far else 0.0
        # the referee sees |x|² <= 2|x - middle|² + 2|middle|², and the shift rounds rows and centres
        theirs = rounding_doubt(d, unit, 2 * largest + 4 * away)
        self._doubt = Doubt(2 * theirs.slope, theirs.level) + misplacement_doubt(4 * UNIT_ROUNDOFF, largest)
        self._doubt += underflow_doubt(d, X.dtype, self._scale)
        self._target: Target = aim_unpacked(self._centers, self._doubt)

    def labels(self, X: Floats) -> tuple[Labels, Indices]:
        """Return the labels of a block of rows, and the rows whose label is not proved."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._labels(X)

    def _labels(self, X: Floats) -> tuple[Labels, Indices]:
        if self._middle is not None:
            X = X.astype(np.float64)
            subtract_from_rows(X, self._middle)
        points = X.astype(np.float32) if self._scale == 1 else (X * self._scale).astype(np.float32)
        verdict = look(points, self._target, self._squares(points))
        labels = verdict.labels
        left = np.flatnonzero(verdict.open())
        if len(left):
            rows = np.multiply(X.take(left, axis=0), self._scale, dtype=np.float64)
            labels[left], proved = decide(rows, self._centers, self._doubt)
            left = left[~proved]
        return labels, left

    def _squares(self, points: Singles) -> Singles | np.float32:
        """Return |x|², or of few features something above it that costs less."""
        d = points.shape[1]
        if d > _FEW_FEATURES:
            return np.asarray(squared_norms(points))
        largest = max(points.max(), -points.min())
        return np.float32(d * largest * largest)
