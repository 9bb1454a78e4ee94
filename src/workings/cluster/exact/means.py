"""Weighted means of clusters, correctly rounded: the same bits for any order of rows, block size and machine.

Rows are cut in two: whole multiples of a unit, whose sums are exact in double arithmetic, and the small rest, whose
sums round, but so little that their error decides almost no rounding of a mean. Where it might, the sums of that
cluster and feature are found as rational numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from workings.arithmetic import (
    DoubleDouble,
    decided,
    exact_sums,
    power_above,
    round_off,
    rounded,
    rounded_fractions,
    two_product,
)
from workings.arithmetic.error_free import SMALLEST, UNIT_ROUNDOFF
from workings.arithmetic.rational_sums import EXACT_PRODUCT
from workings.arithmetic.slices import LIFT, MANTISSA_BITS, MOST_BITS
from workings.cluster.distances import Floats, Labels
from workings.cluster.magnitude import too_large

FEW_CLUSTERS = 16  # up to so many, a product with an indicator matrix is quicker than sorted rows
BLOCK = 1 << 16  # numbers at a time
LARGEST = 2.0**500  # 3e150: squares of differences and their weighted sums stay in range
LOST = 2.0**-1070  # of a product, to underflow
NORMAL = {np.dtype(np.float64): 2.0**-960, np.dtype(np.float32): 2.0**-120}  # smaller means are left to fractions


@dataclass(frozen=True)
class Means:
    """The centres of the clusters.

    Parameters
    ----------
    centers : ndarray of shape (k, d), in the type of the rows
        Correctly rounded weighted means; zeros in clusters without weight.
    weights : ndarray of shape (k,), float64
        Weight of each cluster, correctly rounded.
    """

    centers: Floats
    weights: Floats


@dataclass(frozen=True)
class _Sums:
    """Sums over clusters, as unevaluated sums of two doubles, and a bound of their error; (k, d) each."""

    high: Floats
    low: Floats
    bound: Floats


class ClusterSums:
    """Weighted sums over clusters of rows, again and again.

    Parameters
    ----------
    X : ndarray of shape (n, d), C order, float64 or float32
        At most 2^500 in magnitude.
    weights : ndarray of shape (n,), optional
        Not negative, at most 2^500.
    """

    def __init__(self, X: Floats, weights: Floats | None = None) -> None:
        self.X, self.weights = X, weights
        self._single = weights is not None and X.dtype == weights.dtype == np.float32  # products are exact in double
        self.maxima = column_maxima(X).astype(np.float64)
        if not self.maxima.max() <= LARGEST:
            raise too_large(X.dtype)
        top = power_above(self.maxima)
        if weights is not None:
            top *= power_above(np.array(weights.max(initial=0), dtype=np.float64))
        self.top = top
        bits = min(MANTISSA_BITS - (len(X) - 1).bit_length(), MOST_BITS)
        self.unit = np.maximum(top * 2.0**-bits, SMALLEST)
        self._step = max(BLOCK // X.shape[1], 64)
        self._lift = np.repeat([self.unit * LIFT], min(self._step, len(X)), axis=0)
        self._whole = False  # known to be multiples of the unit
        self._lost = np.zeros(len(self.maxima))  # of a product, to underflow
        if weights is not None and not self._single:
            least = column_minima(X) * float(weights[weights > 0].min(initial=np.inf))
            self._lost[least < EXACT_PRODUCT] = LOST

    def enclose(self, labels: Labels, counts: npt.NDArray[np.int64]) -> _Sums:
        """Return the sums, by one pass over the rows."""
        shape = (len(counts), self.X.shape[1])
        high, low = np.zeros(shape), np.zeros(shape)
        members = counts[:, np.newaxis].astype(np.float64)
        add = _add_by_indicators if len(counts) <= FEW_CLUSTERS else _add_in_order
        rounds = add(self, labels, counts, high, low)
        self._whole = not rounds
        if not rounds:
            return _Sums(high, low, members * self._lost)
        additions = np.minimum(members, self._step + len(labels) // self._step + 2)  # that a row takes part in
        return _Sums(high, low, members * (additions * (UNIT_ROUNDOFF * self.unit) + self._lost))

    def cut(self, block: Floats, weights: Floats | None) -> tuple[Floats, Floats | None]:
        """Return whole multiples of the unit and the rest, None where that is zero."""
        low = None
        if weights is not None:
            factors = np.repeat(weights.astype(np.float64), block.shape[1]).reshape(block.shape)
            if self._single:
                block = block * factors
            else:
                block, low = two_product(block, factors)
        first = round_off(block, self._lift[: len(block)])
        if self._whole:
            return first, None
        rest = block - first
        if low is not None:
            rest += low
        return first, rest if rest.any() else None

    def spans(self, start: int, stop: int) -> Iterator[slice]:
        """Yield slices of a block each."""
        return (slice(at, min(at + self._step, stop)) for at in range(start, stop, self._step))


def _add_by_indicators(
    rows: ClusterSums, labels: Labels, counts: npt.NDArray[np.int64], high: Floats, low: Floats
) -> bool:
    rounds = False
    k = len(counts)
    for span in rows.spans(0, len(labels)):
        block = rows.X[span].astype(np.float64, copy=False)
        first, rest = rows.cut(block, None if rows.weights is None else rows.weights[span])
        indicators = np.zeros((len(block), k))
        indicators.ravel()[np.arange(0, indicators.size, k) + labels[span]] = 1.0
        high += indicators.T @ first
        if rest is not None:
            low += indicators.T @ rest
            rounds = True
    return rounds


def _add_in_order(rows: ClusterSums, labels: Labels, counts: npt.NDArray[np.int64], high: Floats, low: Floats) -> bool:
    rounds = False
    order = sorted_rows(labels, len(counts))
    stops = counts.cumsum()
    for cluster, (stop, count) in enumerate(zip(stops.tolist(), counts.tolist(), strict=True)):
        for span in rows.spans(stop - count, stop):
            members = order[span]
            block = rows.X.take(members, axis=0).astype(np.float64, copy=False)
            first, rest = rows.cut(block, None if rows.weights is None else rows.weights[members])
            high[cluster] += np.einsum("ij->j", first)
            if rest is not None:
                low[cluster] += np.einsum("ij->j", rest)
                rounds = True
    return rounds


class ExactMeans:
    """Correctly rounded means of clusters of the same rows, again and again.

    Parameters
    ----------
    X : ndarray of shape (n, d), C order, float64 or float32
        Not centred: the numbers count as they are. At most 2^500 in magnitude.
    weights : ndarray of shape (n,), float64 or float32
        Not negative, at most 2^500.

    Raises
    ------
    ValueError
        For larger numbers, whose squared distances or their sums could overflow.
    """

    def __init__(self, X: Floats, weights: Floats) -> None:
        if not float(weights.max()) <= LARGEST:
            raise too_large(weights.dtype)
        self.X, self.weights = X, weights
        self.equal = bool((weights == weights[0]).all())  # the means are those without weights
        self._rows = ClusterSums(X, None if self.equal else weights)
        self.maxima = self._rows.maxima
        self._totals = None if self.equal else ClusterSums(np.ascontiguousarray(weights[:, np.newaxis]))

    def of(self, labels: Labels, k: int) -> Means:
        """Return the means of the clusters.

        Parameters
        ----------
        labels : ndarray of shape (n,)
            Cluster of each row, from 0 to k - 1.
        k : int

        Returns
        -------
        Means

        Notes
        -----
        One pass over the rows, about 4nd operations, twice that with numbers of more than some 30 bits, and 17nd more
        with weights. Exact sums, of some 20 nd operations, for the clusters where rounding is not decided: mean zero,
        few rows, or a feature with single numbers 2^30 times larger than the mean.
        """
        counts = np.bincount(labels, minlength=k)
        sums = self._rows.enclose(labels, counts)
        if self._totals is None:
            weight = float(self.weights[0])
            weights = rounded_fractions([Fraction(weight) * count for count in counts.tolist()], np.float64)
            total = _Sums(counts[:, np.newaxis].astype(np.float64), np.zeros((k, 1)), np.zeros((k, 1)))
            top = 1.0
            filled = (counts > 0) & (weight > 0)
        else:
            total = self._totals.enclose(labels, counts)
            top = float(self._totals.top[0])
            weights, open_weights = _quotient(total, _ONE, top, 1.0, np.dtype(np.float64))
            weights = weights[:, 0]
            for cluster in np.flatnonzero(open_weights[:, 0]).tolist():
                weights[cluster] = float(exact_sums(self.weights[labels == cluster, np.newaxis])[0])
            filled = weights > 0
        centers, is_open = _quotient(sums, total, self._rows.top, top, self.X.dtype)
        centers[~filled] = 0
        is_open[~filled] = False
        if is_open.any():
            self._settle(centers, is_open, labels, counts)
        return Means(centers, weights)

    def _settle(
        self, centers: Floats, is_open: npt.NDArray[np.bool_], labels: Labels, counts: npt.NDArray[np.int64]
    ) -> None:
        """Find the open means as fractions, in place."""
        order, stops = sorted_rows(labels, len(counts)), counts.cumsum().tolist()
        for cluster in np.flatnonzero(is_open.any(axis=1)).tolist():
            members = order[stops[cluster] - int(counts[cluster]) : stops[cluster]]
            features = np.flatnonzero(is_open[cluster])
            sums, weight = [Fraction(0)] * len(features), Fraction(len(members))
            step = 4 * BLOCK // len(features) + 1
            for start in range(0, len(members), step):
                block = members[start : start + step]
                weights = None if self.equal else self.weights[block]
                parts = exact_sums(self.X[block[:, np.newaxis], features], weights)
                sums = [total + part for total, part in zip(sums, parts, strict=True)]
            if not self.equal:
                weight = exact_sums(self.weights[members, np.newaxis])[0]
            centers[cluster, features] = rounded_fractions([total / weight for total in sums], self.X.dtype)


_ONE = _Sums(np.ones((1, 1)), np.zeros((1, 1)), np.zeros((1, 1)))


def _quotient(
    sums: _Sums, total: _Sums, top: Floats | float, total_top: float, dtype: np.dtype[np.floating]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Round quotients of enclosed numbers; tell which roundings are open.

    Notes
    -----
    The relative errors of the divisor and of the division, 15 u², add up to those of the quotient. Scaling by powers
    of two, so that nothing underflows in the division, may itself lose bits 2^-1074 large.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        numerator = DoubleDouble.sum(sums.high / top, sums.low / top)
        divisor = DoubleDouble.sum(total.high / total_top, total.low / total_top)
        quotient = numerator / divisor
        factor = top / total_top
        size = np.abs(quotient.high)
        error = (sums.bound / top + LOST) / divisor.high + size * (total.bound / total_top / divisor.high)
        product, low = two_product(quotient.high, divisor.high)
        exact = (product == numerator.high) & (low == 0) & (numerator.low == 0) & (sums.bound == 0)
        exact &= (divisor.low == 0) & (total.bound == 0)
        bound = np.where(exact, 0.0, 1.01 * error + 16 * UNIT_ROUNDOFF**2 * size) * factor
        high, rest = quotient.high * factor, np.where(exact, 0.0, quotient.low) * factor
        clear = decided(high, rest, bound, dtype)
        clear &= (np.abs(high) > NORMAL[dtype]) | (exact & (high == 0))
        return rounded(high, rest, dtype), ~clear


def column_maxima(X: Floats) -> Floats:
    """Return the largest magnitude in each column.

    Parameters
    ----------
    X : ndarray of shape (n, d), C order

    Returns
    -------
    ndarray of shape (d,), in the type of X
    """
    n, d = X.shape
    fold = max(64 // d, 1)  # rows taken together: NumPy is slow on short ones
    whole = n // fold * fold
    wide, last = X[:whole].reshape(-1, fold * d), X[whole:]
    largest = np.maximum(wide.max(axis=0, initial=0), -wide.min(axis=0, initial=0)).reshape(fold, d).max(axis=0)
    maxima: Floats = np.maximum(largest, np.abs(last).max(axis=0, initial=0))
    return maxima


def column_minima(X: Floats) -> Floats:
    """Return the smallest magnitude above zero in each column, infinity where there is none.

    Parameters
    ----------
    X : ndarray of shape (n, d), C order

    Returns
    -------
    ndarray of shape (d,), float64
    """
    minima = np.full(X.shape[1], np.inf)
    step = max(BLOCK // X.shape[1], 64)
    for start in range(0, len(X), step):
        block = np.abs(X[start : start + step])
        np.minimum(minima, np.where(block > 0, block, np.inf).min(axis=0), out=minima)
    return minima


def sorted_rows(labels: Labels, k: int) -> npt.NDArray[np.intp]:
    """Return the rows of cluster 0, then those of cluster 1, and so on, each in ascending order.

    Parameters
    ----------
    labels : ndarray of shape (n,)
    k : int
        Number of clusters.

    Returns
    -------
    ndarray of shape (n,)
    """
    return np.argsort(labels.astype(np.min_scalar_type(k)), kind="stable")
