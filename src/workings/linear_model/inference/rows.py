"""The rows of one fit for its inference: the columns of the model in blocks, scaled by powers of two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.error_free import sum_rows
from workings.arithmetic.slices import MANTISSA_BITS, cut, power_above, slice_bits
from workings.base import is_sparse
from workings.linear_model.moments import Floats
from workings.linear_model.rows import binary_exponents

LARGEST_BLOCK = 4096
SMALLEST_BLOCK = 256
BLOCK_ENTRIES = 1 << 16  # a block and what is made of it stay in a core's cache


@dataclass(frozen=True)
class Block:
    """Some rows of the model.

    Parameters
    ----------
    columns : ndarray of shape (b, k)
        The column of ones first, where there is an intercept, then the features; entries of at most 1.
    target : ndarray of shape (b,)
    root : DoubleDouble of shape (b,) or None
        Square roots of the weights.
    """

    columns: Floats
    target: Floats
    root: DoubleDouble | None

    @cached_property
    def slices(self) -> tuple[list[Floats], Floats]:
        """The columns in three slices for `sliced_gram`, and the rest."""
        return cut(self.columns, 1.0, slice_bits(len(self.columns)), 3)

    def residuals(self, beta: DoubleDouble) -> DoubleDouble:
        """Return target minus columns times coefficients, without weights, in twice the working precision."""
        slices, rest = self.slices
        # so few that products with slices of the columns sum without rounding
        bits = MANTISSA_BITS - slice_bits(len(self.columns)) - len(beta.high).bit_length()
        parts, beta_rest = cut(beta.high, power_above(np.abs(beta.high).max()), bits, 2)
        factors = np.column_stack([*parts, beta_rest + beta.low])
        by_first, by_second, by_third = ((slice_ @ factors).T for slice_ in slices)
        small = by_first[2] + by_second[2] + by_third[1] + by_third[2] + rest @ beta.high
        high, low = sum_rows(np.vstack([self.target, -by_first[:2], -by_second[:2], -by_third[:1]]))
        return DoubleDouble.sum(high, low - small)


class Rows:
    """The rows that a model of one target was fitted on.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, p)
        Checked features.
    y : ndarray of shape (n,)
        Checked target.
    weights : ndarray of shape (n,), optional
        Non-negative; rows of weight zero are left out and do not count.
    intercept : bool
        Whether the model has one.

    Attributes
    ----------
    exponents : ndarray of shape (k,)
        Each column was divided by two to the power of these; 0 for the column of ones.
    target_exponent, root_exponent : int
        The same for the target and for the square roots of the weights.

    Notes
    -----
    Scaling by powers of two rounds nothing. Memory: a block beside the data; a sparse X becomes dense by blocks.
    """

    def __init__(self, X: Any, y: Floats, weights: Floats | None, *, intercept: bool) -> None:
        self.intercept = intercept
        self.given_weights = weights
        self._X = X
        self._y = np.asarray(y, dtype=np.float64)
        self._kept: npt.NDArray[np.intp] | None = None
        if weights is not None and not weights.all():
            self._kept = np.flatnonzero(weights)
        self.n_rows: int = X.shape[0] if self._kept is None else len(self._kept)
        self.n_columns: int = X.shape[1] + intercept
        self.root_exponent = 0 if weights is None else int(np.frexp(weights.max())[1] // 2)
        largest, largest_target = np.zeros(X.shape[1]), 0.0
        for rows in self._slices():
            np.maximum(largest, np.abs(_dense(X[rows])).max(axis=0), out=largest)
            largest_target = max(largest_target, float(np.abs(self._y[rows]).max()))
        self.exponents = np.append(np.zeros(int(intercept), dtype=np.intc), binary_exponents(largest))
        self.target_exponent = int(binary_exponents(np.array(largest_target)))

    def __iter__(self) -> Iterator[Block]:
        return map(self._block, self._slices())

    @cached_property
    def weights(self) -> Floats | None:
        """Weights divided by ``4**root_exponent``, shape (n,)."""
        return None if self.given_weights is None else np.ldexp(self.given_weights, -2 * self.root_exponent)

    @cached_property
    def total_weight(self) -> float:
        """Sum of the scaled weights."""
        return float(self.n_rows if self.weights is None else self.weights.sum())

    @property
    def log_weights(self) -> float:
        """Sum of the natural logarithms of the weights."""
        if self.given_weights is None:
            return 0.0
        return float(sum(np.log(self.given_weights[rows]).sum() for rows in self._slices()))

    def to_scaled(self, coefficients: Floats) -> Floats:
        """Return coefficients of the scaled columns from those in the units of the data, shape (k,)."""
        scaled: Floats = np.ldexp(coefficients, self.exponents - self.target_exponent)
        return scaled

    def from_scaled(self, coefficients: Floats) -> Floats:
        """Return coefficients, or their standard errors, in the units of the data, shape (k,)."""
        unscaled: Floats = np.ldexp(coefficients, self.target_exponent - self.exponents)
        return unscaled

    def scaled_columns(self, X: Any) -> Floats:
        """Return the columns of the model at rows of other features, scaled as these are; shape (m, k)."""
        columns = np.ones((X.shape[0], self.n_columns))
        features = columns[:, int(self.intercept) :]
        np.multiply(_dense(X), np.ldexp(1.0, -self.exponents[int(self.intercept) :]), out=features)
        return columns

    def dense(self) -> Floats:
        """Return all features of all rows, those of weight zero included, shape (n, p)."""
        return _dense(self._X)

    def residuals(self, beta: DoubleDouble) -> Floats:
        """Return the residuals of all rows, those of weight zero included, in the units of the target, shape (n,)."""
        scaled = np.concatenate([self._block(rows).residuals(beta).high for rows in self._slices(everything=True)])
        residuals: Floats = np.ldexp(scaled, self.target_exponent)
        return residuals

    @cached_property
    def total_squares(self) -> DoubleDouble:
        """Weighted sum of squared deviations of the target from its mean, or from 0 without intercept.

        In units of the scaled target and weights, in twice the working precision.
        """
        centre = self._near_mean() if self.intercept else 0.0
        weight, rest, squares = (DoubleDouble.of(0.0) for _ in range(3))
        for rows in self._slices():
            deviations = DoubleDouble.of(self._target(rows)) - centre
            weights = DoubleDouble.of(np.ones(len(deviations.high)) if self.weights is None else self.weights[rows])
            weighted = deviations * weights
            weight = weight + total(weights)
            rest = rest + total(weighted)
            squares = squares + total(weighted * deviations)
        return squares - rest * rest / weight if self.intercept else squares

    def _near_mean(self) -> float:
        """Return a number near the mean of the scaled target; of a constant target, the constant."""
        first = float(self._target(next(self._slices()))[0])
        return first + sum(float((self._target(rows) - first).sum()) for rows in self._slices()) / self.n_rows

    def _slices(self, *, everything: bool = False) -> Iterator[Any]:
        kept = None if everything else self._kept
        step = min(max(BLOCK_ENTRIES // self.n_columns, SMALLEST_BLOCK), LARGEST_BLOCK)
        for start in range(0, self._X.shape[0] if kept is None else len(kept), step):
            rows = slice(start, start + step)
            yield rows if kept is None else kept[rows]

    def _block(self, rows: Any) -> Block:
        root = None if self.weights is None else DoubleDouble.of(self.weights[rows]).sqrt()
        return Block(self.scaled_columns(self._X[rows]), self._target(rows), root)

    def _target(self, rows: Any) -> Floats:
        scaled: Floats = self._y[rows] * np.ldexp(1.0, -self.target_exponent)
        return scaled


def total(values: DoubleDouble) -> DoubleDouble:
    """Return the sum over the first axis.

    Parameters
    ----------
    values : DoubleDouble of shape (n, ...)

    Returns
    -------
    DoubleDouble of shape (...)
    """
    high, low = sum_rows(values.high)
    return DoubleDouble.sum(high, low + values.low.sum(axis=0))


def _dense(X: Any) -> Floats:
    dense: Floats = np.asarray(X.toarray() if is_sparse(X) else X, dtype=np.float64)
    return dense
