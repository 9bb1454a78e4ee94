"""What a fit says of itself as a whole: sums of squares, R², likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from workings.arithmetic.double_double import DoubleDouble
from workings.linear_model.inference.decimals import DecimalFit
from workings.linear_model.inference.precision import AccurateFit
from workings.linear_model.inference.rows import Rows
from workings.linear_model.moments import Floats


@dataclass(frozen=True, eq=False)
class FitMeasures:
    """Sums of squares, R², likelihood and degrees of freedom of a least-squares fit of one target.

    Parameters
    ----------
    rows : Rows
        The data of the fit, not a copy.
    fit : AccurateFit or DecimalFit
        The fit in twice the working precision.
    """

    rows: Rows = field(repr=False)
    fit: AccurateFit | DecimalFit = field(repr=False)

    @property
    def n_observations(self) -> int:
        """Number of rows of positive weight."""
        return self.rows.n_rows

    @property
    def model_degrees_of_freedom(self) -> int:
        """Number of coefficients without the intercept."""
        return self.rows.n_columns - self.rows.intercept

    @property
    def residual_degrees_of_freedom(self) -> int:
        """Number of rows of positive weight less number of coefficients."""
        return self.rows.n_rows - self.rows.n_columns

    @cached_property
    def residual_sum_of_squares(self) -> float:
        """Weighted sum of squared residuals."""
        return self._unscaled_squares(self.fit.residual_squares)

    @cached_property
    def total_sum_of_squares(self) -> float:
        """Weighted sum of squared deviations of y from its mean; of y itself in a model without intercept."""
        return self._unscaled_squares(self.fit.total_squares)

    @cached_property
    def residual_sd(self) -> float:
        """Root of the residual sum of squares by its degrees of freedom, in the unit of y."""
        exponent = self.rows.target_exponent + self.rows.root_exponent
        return float(np.ldexp(self._residual_variance.sqrt().high, exponent))

    @cached_property
    def r_squared(self) -> float:
        """Share of the total sum of squares that the model explains; that of y itself without an intercept."""
        with np.errstate(invalid="ignore"):
            return float((self._explained_squares / self.fit.total_squares).high)

    @cached_property
    def adjusted_r_squared(self) -> float:
        """R² with both sums divided by their degrees of freedom: ``1 - (1 - R²) (n - intercept) / (n - k)``."""
        with np.errstate(invalid="ignore"):
            unexplained = (
                self._residual_variance / self.fit.total_squares * float(self.rows.n_rows - self.rows.intercept)
            )
        return float((1.0 - unexplained).high)

    @cached_property
    def log_likelihood(self) -> float:
        """Logarithm of the likelihood of normal errors at its maximum; infinite for an exact fit."""
        n, squares = self.rows.n_rows, float(self.fit.residual_squares.high)
        if squares == 0:
            return math.inf
        exponent = 2 * (self.rows.target_exponent + self.rows.root_exponent)
        log_variance = math.log(squares / n) + exponent * math.log(2.0)
        return 0.5 * (self.rows.log_weights - n * (1.0 + math.log(2.0 * math.pi) + log_variance))

    @property
    def aic(self) -> float:
        """Akaike's criterion, ``-2 log L + 2 k`` with k the number of coefficients, as statsmodels.

        R counts the variance of the errors as one parameter more, so that its AIC is larger by 2.
        """
        return -2.0 * self.log_likelihood + 2.0 * self.rows.n_columns

    @property
    def bic(self) -> float:
        """Schwarz's criterion, ``-2 log L + k log n`` with k the number of coefficients, as statsmodels.

        R counts the variance of the errors as one parameter more, so that its BIC is larger by ``log n``.
        """
        return -2.0 * self.log_likelihood + math.log(self.rows.n_rows) * self.rows.n_columns

    @cached_property
    def residuals(self) -> Floats:
        """Observed minus fitted values of all rows, not weighted, in the unit of y, shape (n,)."""
        return self.fit.residuals()

    @property
    def _residual_variance(self) -> DoubleDouble:
        self._require_freedom()
        return self.fit.residual_squares / float(self.residual_degrees_of_freedom)

    @property
    def _explained_squares(self) -> DoubleDouble:
        return self.fit.total_squares - self.fit.residual_squares

    def _unscaled_squares(self, squares: DoubleDouble) -> float:
        return float(np.ldexp(squares.high, 2 * (self.rows.target_exponent + self.rows.root_exponent)))

    def _require_freedom(self) -> None:
        if self.residual_degrees_of_freedom == 0:
            raise ValueError(
                f"There are {self.rows.n_columns} coefficients and as many rows of positive weight, so the fit is "
                "exact whatever the data and says nothing about the errors: standard errors, tests, intervals, "
                "adjusted R² and the residual standard deviation need more rows."
            )
