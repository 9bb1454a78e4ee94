"""`Inference`: what a linear regression says about its coefficients, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from workings.base import check_X
from workings.linear_model.inference.coefficients import CoefficientTests
from workings.linear_model.inference.collinearity import Collinearity, collinearity
from workings.linear_model.inference.influence import Influence, influence
from workings.linear_model.inference.prediction import predict_rows
from workings.linear_model.inference.robust import RobustKind, robust_core
from workings.linear_model.inference.table import summary_table


@dataclass(frozen=True, eq=False)
class Inference(CoefficientTests):
    """Standard errors, tests, intervals and measures of fit of a least-squares model of one target.

    Made by `infer`; everything has the intercept first, where there is one, then the features in the order of X.

    Parameters
    ----------
    rows : Rows
        The data of the fit, not a copy.
    fit : AccurateFit or DecimalFit
        The fit in twice the working precision.
    names : tuple of str
        "intercept" and the names of the features, or x0, x1, ... where X had none.
    coefficients : ndarray of shape (k,)
        Those of the model.
    kind : {"classical", "HC0", "HC1", "HC2", "HC3"}
        Which covariance of the coefficients everything rests on.
    target : str
        Name of the target, or y where it had none.
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
    as exact as the model's solver makes them. After ``solver="decimal"`` everything is that of the decimals, but for
    robust standard errors, predictions and diagnostics of rows, which take the doubles.

    An exact fit has standard errors of 0, t and F of infinity and p of 0; a coefficient of 0 in it has t and p of NaN,
    and so have R² and F of a target that is constant.

    Fails when errors depend on each other (then the standard errors are too small), or when the same data chose the
    features (then p-values are too small); no figure here can tell.
    """

    target: str
    remarks: tuple[str, ...]
    model: Any = field(repr=False)
    index: pd.Index[Any] = field(repr=False)

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

    def summary(self, level: float = 0.95) -> str:
        """Return the table that users of R and statsmodels expect, as text.

        Parameters
        ----------
        level : float, default=0.95
            Of the confidence intervals.

        Returns
        -------
        str
            80 characters wide. Standard errors are rounded to five significant digits, and the rest of their rows to
            as many decimals; `frame` has them all.
        """
        return summary_table(self, level)

    @property
    def _frame(self) -> pd.DataFrame:
        features = list(self.names[int(self.rows.intercept) :])
        return pd.DataFrame(self.rows.dense(), columns=features, index=self.index)
