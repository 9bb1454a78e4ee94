"""The fit of data that were read as decimals, for its inference: everything in rational numbers, rounded once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.decimals import decimal_columns, shortest_decimals
from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.rational import ExactFit, least_squares, solve_exactly
from workings.arithmetic.rounding import rounded
from workings.linear_model.decimal import decimal_fit
from workings.linear_model.design import Design
from workings.linear_model.inference.precision import AccurateFit, Basis, accurate_fit
from workings.linear_model.inference.rows import Rows
from workings.linear_model.moments import Floats


@dataclass(frozen=True, eq=False)
class DecimalFit:
    """What `AccurateFit` says of the doubles, of the decimals that they stand for; in units of the scaled `Rows`.

    Parameters
    ----------
    rows : Rows
        The data.
    X, y, weights : ndarray of shape (n, p), (n,) and (n,), or None
        The same as they came, in their own types.

    Notes
    -----
    Coordinates of single rows, which robust covariances and predictions take, come from the doubles.
    """

    rows: Rows
    X: npt.NDArray[Any]
    y: npt.NDArray[Any]
    weights: Floats | None

    @cached_property
    def exact(self) -> ExactFit:
        """The fit in rational numbers."""
        return decimal_fit(Design(self.X, self.y[:, np.newaxis], self.weights, centred=self.rows.intercept))

    @cached_property
    def beta(self) -> DoubleDouble:
        """Least-squares coefficients, shape (k,)."""
        exponents = (self.rows.exponents - self.rows.target_exponent).tolist()
        return _double_doubles([value * Fraction(2) ** e for value, e in zip(self._beta, exponents, strict=True)])

    @cached_property
    def residual_squares(self) -> DoubleDouble:
        """Weighted sum of squared residuals, shape ()."""
        return self._scaled_squares(self.exact)

    @cached_property
    def total_squares(self) -> DoubleDouble:
        """Weighted sum of squared deviations of the target from its mean, or from 0 without intercept."""
        weights = None if self.weights is None else shortest_decimals(self.weights)
        nothing = np.empty((len(self.y), 0), dtype=int)
        y = shortest_decimals(self.y)
        return self._scaled_squares(least_squares(nothing, y, fit_intercept=self.rows.intercept, sample_weight=weights))

    def variances(self) -> DoubleDouble:
        """Return the diagonal of ``(X'WX)^-1``, shape (k,)."""
        return _double_doubles(self._inverse.diagonal().tolist())

    def inverse_gram(self) -> Floats:
        """Return ``(X'WX)^-1``, shape (k, k)."""
        return self._inverse.astype(np.float64)

    def residuals(self) -> Floats:
        """Return the residuals of all rows, without weights, in the units of the target, shape (n,)."""
        fitted = self.exact.predict_exactly(decimal_columns(self.X)[0])
        return np.array([float(y - row[0]) for y, row in zip(shortest_decimals(self.y), fitted, strict=True)])

    @property
    def basis(self) -> Basis:
        """The basis of the doubles."""
        return self._of_doubles.basis

    @property
    def inverse(self) -> Floats:
        """Inverse Gram matrix of the basis of the doubles."""
        return self._of_doubles.inverse

    def is_of(self, coefficients: Floats, dtype: np.dtype[Any]) -> bool:
        """Tell whether coefficients, in the units of the data, are the correct roundings of the exact ones."""
        exact = _double_doubles(self._beta)
        return np.array_equal(rounded(exact.high, exact.low, dtype), coefficients)

    @property
    def _beta(self) -> list[Fraction]:
        return [*self.exact.intercept[: self.rows.intercept], *self.exact.coef[0]]

    @cached_property
    def _of_doubles(self) -> AccurateFit:
        return accurate_fit(self.rows, self.beta.high)

    @cached_property
    def _inverse(self) -> npt.NDArray[np.object_]:
        """``(X'WX)^-1`` of the scaled rows and weights."""
        units = np.array(self.exact.units, dtype=object) / [Fraction(2) ** int(e) for e in self.rows.exponents]
        inverse = solve_exactly(self.exact.gram, np.eye(len(units), dtype=int))
        scaled: npt.NDArray[np.object_] = (
            inverse / np.multiply.outer(units, units) * Fraction(4) ** self.rows.root_exponent
        )
        return scaled

    def _scaled_squares(self, fit: ExactFit) -> DoubleDouble:
        exponent = self.rows.target_exponent + self.rows.root_exponent
        squares = _double_doubles([fit.residual_squares[0] / Fraction(4) ** exponent])
        return DoubleDouble(squares.high[0], squares.low[0])


def _double_doubles(values: list[Fraction]) -> DoubleDouble:
    """Return rational numbers rounded to twice the working precision."""
    high = [float(value) for value in values]
    low = [float(value - Fraction(near)) for value, near in zip(values, high, strict=True)]
    return DoubleDouble(np.array(high), np.array(low))
