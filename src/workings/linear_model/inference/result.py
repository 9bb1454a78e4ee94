"""`Inference`: what a linear regression says about its coefficients, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workings.arithmetic.distributions import FisherF, StudentT
from workings.base import check_X
from workings.linear_model.inference.collinearity import Collinearity, collinearity
from workings.linear_model.inference.influence import Influence, influence
from workings.linear_model.inference.measures import FitMeasures
from workings.linear_model.inference.prediction import predict_rows
from workings.linear_model.inference.robust import RobustKind, robust_core
from workings.linear_model.inference.table import summary_table
from workings.linear_model.moments import Floats


@dataclass(frozen=True, eq=False)
class Inference(FitMeasures):
    """Standard errors, tests, intervals and measures of fit of a least-squares model of one target.

    Made by `infer`; everything has the intercept first, where there is one, then the features in the order of X.

    Parameters
    ----------
    rows : Rows
        The data of the fit, not a copy.
    fit : AccurateFit
        The fit in twice the working precision.
    names : tuple of str
        "intercept" and the names of the features, or x0, x1, ... where X had none.
    coefficients : ndarray of shape (k,)
        Those of the model.
    kind : {"classical", "HC0", "HC1", "HC2", "HC3"}
        Which covariance of the coefficients everything rests on.
    remarks : tuple of str
        Sentences about the fit, for the summary.
    model : object
        A shallow copy of the fitted model; compares the features of new rows with those of the fit.
    index : Index
        Labels of the rows.
    core : ndarray of shape (k, k), optional
        Covariance in the coordinates of ``fit.basis`` where `kind` is robust.

    Notes
    -----
    Weights are taken as inversely proportional to the variances of the errors, as statsmodels' WLS and R's ``lm`` do: a
    weight of 2 is not the row twice, n is the number of rows, and rows of weight zero do not count.

    Up to a condition number of about 1e14, the classical standard errors, the residual standard deviation, R² and F are
    computed to some 60 bits before they are rounded to 53: they are those of the exact least-squares solution of the
    doubles passed in, correctly rounded but for rare last bits. Nothing proves it in the single case, as
    ``solution_.certificate`` does for coefficients. Robust standard errors keep about 14 digits. The coefficients are
    as exact as the model's solver makes them; after ``solver="decimal"`` the rest still takes the numbers as doubles.

    An exact fit has standard errors of 0, t and F of infinity and p of 0; a coefficient of 0 in it has t and p of NaN,
    and so have R² and F of a target that is constant.

    Fails when errors depend on each other (then the standard errors are too small), or when the same data chose the
    features (then p-values are too small); no figure here can tell.
    """

    names: tuple[str, ...]
    coefficients: Floats
    kind: str
    remarks: tuple[str, ...]
    model: Any = field(repr=False)
    index: pd.Index[Any] = field(repr=False)
    core: Floats | None = field(default=None, repr=False)

    # -- coefficients --------------------------------------------------------------------------------------------

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

    def robust(self, kind: RobustKind = "HC3") -> Inference:
        """Return the inference that allows errors of unequal variances.

        Parameters
        ----------
        kind : {"HC0", "HC1", "HC2", "HC3"}, default="HC3"
            HC0 takes the squared residuals as they are; HC1 multiplies by ``n / (n - k)``; HC2 divides each by 1 less
            the row's leverage, HC3 by its square, which is cautious in small samples.

        Returns
        -------
        Inference
            The same with robust standard errors, and what follows from them: t, p, intervals, and an F statistic that
            is Wald's of all coefficients but the intercept, divided by their number. Measures of fit stay the same.

        Raises
        ------
        ValueError
            For another `kind`, without residual degrees of freedom, and for HC2 and HC3 where a row determines a
            coefficient alone.

        Notes
        -----
        t and F distributions with the residual degrees of freedom, as statsmodels' ``get_robustcov_results``.
        Cost: a pass over the data, ``9 n k**2`` flops.
        """
        self._require_freedom()
        return replace(self, kind=kind, core=robust_core(self.rows, self.fit, kind))

    # -- all coefficients together ------------------------------------------------------------------------------

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

    # -- rows ----------------------------------------------------------------------------------------------------

    def predict(self, X: Any, level: float = 0.95) -> pd.DataFrame:
        """Return predictions for new rows with their intervals.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (m, n_features)
            Features of the new rows.
        level : float, default=0.95
            Share of samples whose intervals cover, between 0 and 1.

        Returns
        -------
        DataFrame of shape (m, 6)
            "prediction"; "standard_error" of it as an estimate of the mean at that row; "mean_lower" and
            "mean_upper", a confidence interval of that mean; "prediction_lower" and "prediction_upper", an interval for
            one new observation of weight 1.

        Notes
        -----
        Cost: ``9 m k**2`` flops and about ``12 m k`` numbers of memory.
        """
        array = check_X(self.model, X, reset=False, accept_sparse=True)
        reach = self._quantile(level)
        mean, error = predict_rows(self.rows, self.fit, self._core, array)
        spread = np.hypot(error, self.residual_sd)
        return pd.DataFrame(
            {
                "prediction": mean,
                "standard_error": error,
                "mean_lower": mean - reach * error,
                "mean_upper": mean + reach * error,
                "prediction_lower": mean - reach * spread,
                "prediction_upper": mean + reach * spread,
            },
            index=X.index if isinstance(X, pd.DataFrame) else None,
        )

    def influence(self) -> Influence:
        """Return what each row does to the fit: leverage, studentised residuals, Cook's distance and the like.

        Returns
        -------
        Influence

        Notes
        -----
        With the classical residual variance whatever `kind` is. A sparse X becomes dense.
        """
        return influence(
            self._frame, self.residuals, self.residual_sd, self.rows.given_weights, fit_intercept=self.rows.intercept
        )

    def collinearity(self) -> Collinearity:
        """Return how far the features depend on each other: variance inflation and Belsley's condition indices.

        Returns
        -------
        Collinearity

        Notes
        -----
        A sparse X becomes dense.
        """
        return collinearity(self._frame, self.rows.given_weights, fit_intercept=self.rows.intercept)

    # -- tables --------------------------------------------------------------------------------------------------

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

    def summary(self, level: float = 0.95) -> str:
        """Return the table that users of R and statsmodels expect, as text.

        Parameters
        ----------
        level : float, default=0.95
            Of the confidence intervals.

        Returns
        -------
        str
            Numbers are rounded to five significant digits; `frame` has them all.
        """
        return summary_table(self, level)

    # -- parts ---------------------------------------------------------------------------------------------------

    @property
    def _core(self) -> Floats:
        """Covariance in the coordinates of the basis, and of the scaled rows."""
        if self.core is not None:
            return self.core
        core: Floats = self.fit.inverse * self._residual_variance.high
        return core

    @cached_property
    def _covariance(self) -> Floats:
        T = self.fit.basis.matrix
        scaled = T @ self._core @ T.T
        return self.rows.from_scaled(self.rows.from_scaled((scaled + scaled.T) / 2).T)

    @property
    def _frame(self) -> pd.DataFrame:
        features = list(self.names[int(self.rows.intercept) :])
        return pd.DataFrame(self.rows.dense(), columns=features, index=self.index)

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
