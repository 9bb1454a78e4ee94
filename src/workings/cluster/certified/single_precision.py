"""Which centre is nearest, in float32 and with a proof: the distances, their bound, and the rows that they decide.

float32 halves the time of a matrix product and of every pass over its result. What it cannot decide is left open, for
double arithmetic or for a referee.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.cluster.certified.tournament import MOST_CONTESTANTS, Indices, Singles, packing_error, two_smallest
from workings.cluster.distances import Floats, squared_norms

UNIT = 2.0**-24  # roundoff of float32
_MANY_FEATURES = 48
_PIECE = 2048  # rows
_UNDERFLOW = 1e-30  # more than all products below the normal range add up to, where the largest norm is about 1
ROOTS = 2.0**-20
"""More than the rounding of two square roots and their difference, none above 2.1."""

_UPWARDS = 1 + 2.0**-20  # more than a handful of float32 roundings


@dataclass(frozen=True)
class Doubt:
    """How far a squared distance can be from the truth: ``slope * |x|² + level``, in units of the packed rows.

    Parameters
    ----------
    slope : float
    level : float
    """

    slope: float
    level: float

    def __add__(self, other: Doubt) -> Doubt:
        return Doubt(self.slope + other.slope, self.level + other.level)


def rounding_doubt(n_features: int, unit: float, largest_center: float) -> Doubt:
    """Return the doubt of ``|x|² - 2x·c + |c|²`` summed in any order.

    Parameters
    ----------
    n_features : int
    unit : float
        Roundoff of the arithmetic.
    largest_center : float
        Largest |c|².

    Notes
    -----
    Each product carries the rounding of its two factors and of at most d + 2 additions, and the products add up to
    at most (|x| + |c|)² <= 2(|x|² + |c|²) (N. Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1).
    Four units are to spare. Of so many features that nothing is known any more, the doubt is infinite.
    """
    roundings = (n_features + 10) * unit
    slope = 2.02 * roundings / (1 - roundings) if roundings < 0.5 else math.inf
    return Doubt(slope, slope * largest_center)


def underflow_doubt(n_features: int, dtype: np.dtype[Any], scale: float) -> Doubt:
    """Return the doubt of the same sum in an arithmetic whose products underflow, for rows that it sees unscaled.

    Parameters
    ----------
    n_features : int
    dtype : dtype
        Of that arithmetic.
    scale : float
        By which the packed rows are scaled.
    """
    smallest = float(np.finfo(dtype).smallest_subnormal)
    return Doubt(0, 8 * (n_features + 10) * smallest * scale * scale)


def misplacement_doubt(error: float, largest_center: float) -> Doubt:
    """Return the doubt that comes from centres that are only known to within `error`.

    Notes
    -----
    ``| |x-c|² - |x-c'|² | <= error (2|x-c| + error)``, and 2|x-c| is at most |x|² + |c|² + 2.
    """
    return Doubt(error, error * (largest_center + 2 + error))


@dataclass(frozen=True)
class Target:
    """Centres, ready to be compared with packed rows.

    Parameters
    ----------
    table : ndarray of shape (k, d + 2), float32
        ``[-2c, |c|², 1]``, so that its product with ``[x, 1, |x|²]`` is the squared distance.
    doubt : Doubt
        Of these distances, and of those by which they will be judged.
    norms : ndarray of shape (k,), float32, or None
        |c|², to be added to products with rows that are not packed; `table` is then ``-2c``, of shape (k, d), and |x|²,
        which is the same for all centres, is left out.
    """

    table: Singles
    doubt: Doubt
    norms: Singles | None = None


@dataclass(frozen=True)
class Verdict:
    """What float32 says about some rows.

    Parameters
    ----------
    labels : ndarray of shape (m,)
        The nearest centre, where it is decided.
    nearest, second : ndarray of shape (m,)
        An upper bound on the squared distance to it, and a lower bound on that to every other centre.
    """

    labels: Indices
    nearest: Singles
    second: Singles

    def open(self) -> npt.NDArray[np.bool_]:
        """Return which rows are not decided."""
        return ~(self.second > self.nearest)

    def lead(self) -> Singles:
        """Return by how much the nearest centre is nearer than every other, at least, up to `ROOTS`.

        Overwrites the bounds.
        """
        np.maximum(self.second, 0, out=self.second)
        lead: Singles = np.sqrt(self.second, out=self.second)
        lead -= np.sqrt(self.nearest, out=self.nearest)
        return lead


@dataclass(frozen=True)
class Packed:
    """Rows in float32.

    Parameters
    ----------
    rows : ndarray of shape (n, d + 2), float32
        ``[x, 1, |x|²]`` of the scaled rows.
    scale : float
        Power of two that brings the largest norm to between a half and 1, where squares neither overflow nor vanish.
    radius : float
        Largest norm, not scaled.
    """

    rows: Singles
    scale: float
    radius: float


def pack(X: Floats, norms: Floats) -> Packed:
    """Return rows in float32.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    norms : ndarray of shape (n,)
        |x|² of the rows, not all zero.

    Returns
    -------
    Packed
    """
    n, d = X.shape
    radius = math.sqrt(norms.max())
    scale = math.ldexp(1.0, -math.frexp(radius)[1])
    rows = np.empty((n, d + 2), dtype=np.float32)
    step = max(2**15 // d, 1)
    for start in range(0, n, step):
        span = slice(start, start + step)
        rows[span, :d] = np.multiply(X[span], scale, dtype=np.float64)
        rows[span, d + 1] = np.multiply(norms[span], scale**2, dtype=np.float64)
    rows[:, d] = 1
    return Packed(rows, scale, radius)


def aim(centers: Floats, doubt: Doubt) -> Target:
    """Return centres of the scale of packed rows, ready for `look`.

    Parameters
    ----------
    centers : ndarray of shape (k, d), float64
    doubt : Doubt
        Of the arithmetic that is to be foretold; that of float32 is added.
    """
    k, d = centers.shape
    norms = squared_norms(centers)
    table = np.empty((k, d + 2), dtype=np.float32)
    with np.errstate(over="ignore"):
        table[:, :d] = -2 * centers
        table[:, d] = norms
    table[:, d + 1] = 1
    largest = float(norms.max())
    doubt += rounding_doubt(d, UNIT, largest) + Doubt(0, _UNDERFLOW)
    if k <= MOST_CONTESTANTS:
        packing = 2.02 * packing_error(k)
        doubt += Doubt(packing, packing * largest)
    return Target(table, doubt)


def aim_unpacked(centers: Floats, doubt: Doubt) -> Target:
    """Return centres ready for `look` at rows that are not packed, for rows that are seen once; as `aim`."""
    d = centers.shape[1]
    packed = aim(centers, doubt)
    return Target(np.ascontiguousarray(packed.table[:, :d]), packed.doubt, packed.table[:, d])


def block_length(n_clusters: int, n_features: int) -> int:
    """Return how many rows to look at together: neither they nor their distances fill more than about a megabyte."""
    return min(max(2**18 // max(n_clusters, n_features), 1024), 32768)


def look(rows: Singles, target: Target, squares: Singles | np.float32 | None = None) -> Verdict:
    """Return what float32 says about some rows.

    Parameters
    ----------
    rows : ndarray of shape (m, d + 2), or (m, d) if not packed
        `block_length` of them keep the table of distances in the cache.
    target : Target
        From `aim`, or from `aim_unpacked` if the rows are not packed.
    squares : ndarray of shape (m,) or float, optional
        |x|² or more; the last column of packed rows by default.

    Returns
    -------
    Verdict

    Notes
    -----
    2mk(d + 2) flops and about 3mk comparisons; a table of mk numbers.
    """
    k = len(target.table)
    if k <= MOST_CONTESTANTS:
        distances = _by_center(rows, target.table)
        if target.norms is not None:
            distances += target.norms[:, np.newaxis]
        labels, nearest, second = two_smallest(distances)
    else:
        distances = rows @ target.table.T
        if target.norms is not None:
            distances += target.norms
        each = np.arange(len(rows))
        labels = distances.argmin(axis=1).astype(np.int32)
        nearest = distances[each, labels]
        distances[each, labels] = np.inf
        second = distances.min(axis=1)
    doubt = (rows[:, -1] if squares is None else squares) * np.float32(target.doubt.slope * _UPWARDS)
    doubt += np.float32(target.doubt.level * _UPWARDS)
    nearest += doubt
    second -= doubt
    return Verdict(labels, nearest, second)


def _by_center(points: Singles, table: Singles) -> Singles:
    """Return the product with each centre in a row of its own."""
    if points.shape[1] < _MANY_FEATURES:
        return table @ points.T
    # over many features the BLAS is faster with long columns of rows, a cache full at a time
    products = np.empty((len(table), len(points)), dtype=np.float32)
    for start in range(0, len(points), _PIECE):
        span = slice(start, start + _PIECE)
        products[:, span] = (points[span] @ table.T).T
    return products
