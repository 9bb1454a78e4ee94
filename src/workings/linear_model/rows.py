"""The rows of one fit in blocks, and their sums about a shift.

A column whose mean is large against its spread would lose digits when squares are summed, so it is shifted by about
its mean and summed again. Numbers whose squares overflow or underflow are scaled by powers of two first.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.base import require_finite
from workings.linear_model.moments import Floats, Moments, combine, statistics

BLOCK_BYTES = 1 << 19  # a block and what is made of it stay in a core's cache
SUMMED_BLOCKS = 4  # blocks at a time when only BLAS works on them
FEWEST_ROWS, MOST_ROWS = 1024, 2048  # of a block; fewer, and products are slow; more, and their sums are less exact
SAFE = 1e120  # magnitudes between 1/SAFE and SAFE can be squared and summed without over- or underflow
LARGEST_RATIO = 1e3  # sum of squares over sum of squared deviations, above which a column is shifted
CONSTANT_RATIO = 1e8  # the same, above which a column may be constant
MOST_SHIFTS = 4

Rows = slice | npt.NDArray[np.intp]


class SummedRows:
    """Features, targets and weights, and what the normal equations need to know about all rows.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features, float32 or float64; not changed.
    Y : ndarray of shape (n, k)
        Targets, float32 or float64; not changed.
    weights : ndarray of shape (n,), optional
        Non-negative sample weights with a positive sum. Rows of weight zero are left out.
    centred : bool, default=True
        Whether the model has an intercept.

    Attributes
    ----------
    shift_x, shift_y : ndarray of shape (p,), (k,)
        What is subtracted before anything is summed: zero for a feature whose mean is not far from zero.
    lossless : bool
        Whether scaling against overflow kept every bit of the data.
    weight : float
        Sum of the weights, divided by a power of four that brings the largest near 1; without weights, n.
    moments : Moments
        Sums of the shifted columns.

    Notes
    -----
    All sums are accumulated in float64, whatever the type of X.
    """

    def __init__(self, X: Any, Y: Floats, weights: Floats | None = None, *, centred: bool = True) -> None:
        self.n_samples, self.n_features = X.shape
        self.n_targets = Y.shape[1]
        self.centred = centred
        self.data = X, Y, weights
        self._weight_exponent = 0
        self.lossless = True
        self._weights = weights
        self._kept: npt.NDArray[np.intp] | None = None
        if weights is not None:
            self._weight_exponent = int(np.frexp(weights.max())[1] // 2)
            self._weights = np.ldexp(weights, -2 * self._weight_exponent)
            self.lossless = np.array_equal(np.ldexp(self._weights, 2 * self._weight_exponent), weights)
            if not self._weights.all():
                self._kept = np.flatnonzero(self._weights)
        self.n_rows = self.n_samples if self._kept is None else len(self._kept)
        self.weight = float(self.n_rows) if self._weights is None else float(self._weights.sum())
        self.wide = self.n_rows < self.n_features
        self.rows_of_a_block = min(max(BLOCK_BYTES // (8 * self.n_features), FEWEST_ROWS), MOST_ROWS, self.n_rows)
        self.block_count = -(-self.n_rows // self.rows_of_a_block)
        self._rescaled = False
        self._x_exponents = np.zeros(self.n_features, dtype=np.intc)
        self._y_exponents = np.zeros(self.n_targets, dtype=np.intc)
        self.shift_x = np.zeros(self.n_features)
        self.shift_y = np.zeros(self.n_targets)
        self._constant = np.zeros(self.n_features, dtype=bool)
        with np.errstate(all="ignore"):
            self.moments = self._safe_moments()

    @property
    def summed_rows(self) -> int:
        """Rows whose products are summed at a time for the moments."""
        rows: int = SUMMED_BLOCKS * self.rows_of_a_block
        return rows

    def _slices(self, step: int = 0) -> Iterator[Rows]:
        step = step or self.rows_of_a_block
        for start in range(0, self.n_rows, step):
            yield (
                slice(start, min(start + step, self.n_rows)) if self._kept is None else self._kept[start : start + step]
            )

    def _raw(self, rows: Rows) -> tuple[Floats, Floats, Floats | None]:
        """Return rows of X, Y and the weights in float64, after the rare rescaling against overflow."""
        A = self._dense(rows)
        B = np.asarray(self.data[1][rows], dtype=np.float64)
        if self._rescaled:
            A, B = np.ldexp(A, -self._x_exponents), np.ldexp(B, -self._y_exponents)
        return A, B, None if self._weights is None else self._weights[rows]

    def _dense(self, rows: Rows) -> Floats:
        dense: Floats = np.asarray(self.data[0][rows], dtype=np.float64)
        return dense

    def _summed(self, *, with_gram: bool) -> Moments:
        slices = self._slices(self.summed_rows)
        parts = (self._statistics(*self._raw(rows), with_gram=with_gram) for rows in slices)
        return reduce(combine, parts)

    def _statistics(self, A: Floats, B: Floats, weights: Floats | None, *, with_gram: bool) -> Moments:
        if self.shift_x.any():
            A = A - self.shift_x
        if self.centred:
            B, targets = np.empty((len(B), self.n_targets + 1)), B
            np.subtract(targets, self.shift_y, out=B[:, :-1])
            B[:, -1] = 1.0
        return statistics(A, B, weights, with_gram=with_gram)

    def _squares(self, moments: Moments) -> Floats:
        """Return the sums of squared deviations of the features."""
        if not self.centred:
            return moments.squares
        return moments.squares - moments.cross[:, -1] ** 2 / self.weight

    def _safe_moments(self) -> Moments:
        with_gram = not self.wide
        self._shift_targets()
        moments = self._summed(with_gram=with_gram)
        if self._plain(moments):
            return moments
        if isinstance(self.data[0], np.ndarray):
            require_finite(self.data[0], "X", "LinearRegression")
        doubtful = ~(self._squares(moments) > np.maximum(moments.squares / CONSTANT_RATIO, SAFE**-2))
        if doubtful.any():
            self._constant[doubtful] = self._are_constant(np.flatnonzero(doubtful))
        if not self._safe(moments):
            self._rescale()
            self._shift_targets()
            moments = self._summed(with_gram=with_gram)
        for _ in range(MOST_SHIFTS if self.centred else 0):
            ratio = moments.squares / self._squares(moments)
            far = ~((ratio >= 1.0) & (ratio < LARGEST_RATIO)) & (moments.squares > 0.0)
            if not far.any():
                break
            # Rounding of large sums can hide the mean; a row of the data is near it.
            hidden = far & ~((ratio >= 1.0) & (ratio < CONSTANT_RATIO)) & (self.shift_x == 0.0)
            self.shift_x[far] += moments.cross[far, -1] / self.weight
            self.shift_x[hidden] = self._first_row()[hidden]
            moments = self._summed(with_gram=with_gram)
        return moments

    def _plain(self, moments: Moments) -> bool:
        """Whether all columns vary, about zero, in numbers whose squares are normal."""
        squares = self._squares(moments)
        inner = moments.inner.diagonal()[: self.n_targets].tolist()
        return bool(
            (squares * LARGEST_RATIO > moments.squares).all()
            and squares.min() > SAFE**-2
            and moments.squares.max() < SAFE**2
            and (self._weights is None or moments.largest.max() < SAFE**2)
            and min(inner) > SAFE**-2
            and max(inner) < SAFE**2
        )

    def _safe(self, moments: Moments) -> bool:
        if not (moments.largest < SAFE**2).all():
            return False
        squares = moments.squares[~self._constant]
        inner = moments.inner.diagonal()[: self.n_targets]
        if (inner <= SAFE**-2).any():
            inner = inner[(self.data[1] != self.shift_y).any(axis=0)]
        return all(bool(((sums < SAFE**2) & (sums > SAFE**-2)).all()) for sums in (squares, inner))

    def _rescale(self) -> None:
        largest = reduce(np.maximum, (np.abs(self._raw(rows)[0]).max(axis=0) for rows in self._slices()))
        self._rescaled = True
        self._x_exponents = binary_exponents(largest)
        self._y_exponents = binary_exponents(np.abs(self.data[1]).max(axis=0))
        for rows in self._slices():
            A, B, _ = self._raw(rows)
            self.lossless &= np.array_equal(np.ldexp(A, self._x_exponents), self._dense(rows))
            self.lossless &= np.array_equal(np.ldexp(B, self._y_exponents), self.data[1][rows])

    def _shift_targets(self) -> None:
        """Shift targets by about their mean, and a constant one by its value."""
        if self.centred:
            B = self._raw(next(self._slices()))[1]
            self.shift_y = B[0] + np.ones(len(B)) @ (B - B[0]) / len(B)

    def _first_row(self) -> Floats:
        first: Floats = self._raw(next(self._slices()))[0][0]
        return first

    def _are_constant(self, columns: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Tell columns whose every entry is the same number (without intercept: zero)."""
        value = self._first_row()[columns] if self.centred else np.zeros(len(columns))
        same = ((self._dense(rows)[:, columns] == value).all(axis=0) for rows in self._slices())
        return reduce(np.logical_and, same)


def binary_exponents(largest: Floats) -> npt.NDArray[np.intc]:
    """Return binary exponents of magnitudes, kept where their powers of two are normal numbers both ways."""
    exponents: npt.NDArray[np.intc] = np.clip(np.frexp(largest)[1], -1000, 1000).astype(np.intc)
    return exponents
