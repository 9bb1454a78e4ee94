"""What a fit says of its coefficients: standard errors, tests and intervals."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from workings.arithmetic.distributions import FisherF, StudentT
from workings.linear_model.inference.measures import FitMeasures
from workings.linear_model.moments import Floats


@dataclass(frozen=True, eq=False)
class CoefficientTests(FitMeasures):
    """Standard errors, tests and intervals of the coefficients of a least-squares fit of one target.

    Parameters
    ----------
    rows : Rows
        The data of the fit, not a copy.
    fit : AccurateFit or DecimalFit
        The fit in twice the working precision.
    names : tuple of str
        Of the coefficients.
    coefficients : ndarray of shape (k,)
        Those of the model.
    kind : {"classical", "HC0", "HC1", "HC2", "HC3"}
        Which covariance of the coefficients everything rests on.
    core : ndarray of shape (k, k), optional
        Covariance in the coordinates of ``fit.basis`` where `kind` is robust.
    """

    names: tuple[str, ...]
    coefficients: Floats
    kind: str
    core: Floats | None = field(default=None, repr=False, kw_only=True)

    @cached_property
    def standard_errors(self) -> Floats:
        """Standard error of each coefficient, shape (k,)."""
        if self.core is not None:
            return np.sqrt(self._covariance.diagonal())
        variances = self.fit.variances() * self._residual_variance
        return self.rows.from_scaled(variances.sqrt().high)

    @cached_property
    def t_values(self) -> Floats:
        """Coefficients divided by their standard errors, shape (k,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.coefficients / self.standard_errors

    @cached_property
    def p_values(self) -> Floats:
        """Probability of a t value at least as far from 0 if the coefficient is 0, shape (k,).

        By Student's t with the residual degrees of freedom, for robust standard errors too. statsmodels does the same
        in ``get_robustcov_results``, but takes the normal distribution for ``fit(cov_type=...)``.
        """
        distances = np.abs(self.t_values)
        return 2.0 * StudentT(self.residual_degrees_of_freedom).sf(distances)

    def confidence_intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Return an interval for each coefficient, by Student's t with the residual degrees of freedom.

        Parameters
        ----------
        level : float, default=0.95
            Share of samples whose interval contains the coefficient, between 0 and 1.

        Returns
        -------
        DataFrame of shape (k, 2)
            Columns "lower" and "upper".
        """
        reach = self._quantile(level) * self.standard_errors
        bounds = {"lower": self.coefficients - reach, "upper": self.coefficients + reach}
        return pd.DataFrame(bounds, index=list(self.names))

    def covariance(self) -> pd.DataFrame:
        """Return the covariance matrix of the coefficients.

        Returns
        -------
        DataFrame of shape (k, k)
            Classical, ``s² (X'WX)^-1``, or robust; entries accurate to about 14 digits of the product of two standard
            errors.
        """
        return pd.DataFrame(self._covariance, index=list(self.names), columns=list(self.names))

    @cached_property
    def f_statistic(self) -> float:
        """F for all coefficients but the intercept being 0."""
        count = float(self.model_degrees_of_freedom)
        if self.core is not None:
            return float(self._wald() / count)
        variance = self._residual_variance
        explained = self._explained_squares / count
        with np.errstate(divide="ignore", invalid="ignore"):
            return float((explained / variance).high if variance.high else explained.high / variance.high)

    @cached_property
    def f_p_value(self) -> float:
        """Probability of an F at least as large if all coefficients but the intercept are 0."""
        statistic = self.f_statistic
        return float(FisherF(self.model_degrees_of_freedom, self.residual_degrees_of_freedom).sf(statistic))

    def frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return the table of coefficients.

        Parameters
        ----------
        level : float, default=0.95
            Of the confidence intervals.

        Returns
        -------
        DataFrame of shape (k, 6)
            Columns "coefficient", "standard_error", "t", "p", "lower" and "upper".
        """
        intervals = self.confidence_intervals(level)
        columns = {
            "coefficient": self.coefficients,
            "standard_error": self.standard_errors,
            "t": self.t_values,
            "p": self.p_values,
            "lower": intervals["lower"].to_numpy(),
            "upper": intervals["upper"].to_numpy(),
        }
        return pd.DataFrame(columns, index=list(self.names))

    @property
    def _core(self) -> Floats:
        """Covariance in the coordinates of the basis, and of the scaled rows."""
        if self.core is not None:
            return self.core
        core: Floats = self.fit.inverse * self._residual_variance.high
        return core

    @cached_property
    def _covariance(self) -> Floats:
        if self.core is None:
            scaled = self.fit.inverse_gram() * self._residual_variance.high
        else:
            scaled = self.fit.basis.matrix @ self.core @ self.fit.basis.matrix.T
        return self.rows.from_scaled(self.rows.from_scaled((scaled + scaled.T) / 2).T)

    def _wald(self) -> float:
        """``b' C^-1 b`` for the features' coefficients, in the coordinates of the basis, which is triangular."""
        features = slice(int(self.rows.intercept), None)
        coordinates = np.linalg.solve(self.fit.basis.matrix[features, features], self.fit.beta.high[features])
        try:
            return float(coordinates @ np.linalg.solve(self._core[features, features], coordinates))
        except np.linalg.LinAlgError:
            return np.inf

    def _quantile(self, level: float) -> float:
        if not 0 < level < 1:
            raise ValueError(f"level is the share of samples whose interval covers, between 0 and 1; got {level!r}.")
        self._require_freedom()
        return float(StudentT(self.residual_degrees_of_freedom).isf((1.0 - level) / 2.0))
