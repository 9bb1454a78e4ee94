"""From a fitted model and its data to its inference."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.base import check_is_fitted, check_sample_weight, check_X_y
from workings.linear_model.decimal import Decimal
from workings.linear_model.inference.decimals import DecimalFit
from workings.linear_model.inference.precision import DEPENDENT, AccurateFit, accurate_fit
from workings.linear_model.inference.result import Inference
from workings.linear_model.inference.rows import Rows
from workings.linear_model.nonnegative import NonNegative

if TYPE_CHECKING:
    from workings.linear_model.estimator import LinearRegression

SETTLED = 1e-9  # a solver's own inaccuracy relative to residuals or spread; other data change a fit by more


def infer(model: LinearRegression, X: Any, y: Any, sample_weight: Any = None) -> Inference:
    """Return standard errors, tests, intervals and measures of fit of a fitted model.

    Parameters
    ----------
    model : LinearRegression
        Fitted on these data, with one target.
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        The features it was fitted on; a sparse matrix becomes dense by blocks of rows.
    y : array-like of shape (n_samples,) or (n_samples, 1)
        The target it was fitted on.
    sample_weight : array-like of shape (n_samples,) or number, optional
        The weights it was fitted with, inversely proportional to the variances of the errors. Rows of weight zero do
        not count.

    Returns
    -------
    Inference

    Raises
    ------
    ValueError
        If the data are not those of the fit, for several targets, after ``positive=True``, and where columns depend on
        each other.

    Notes
    -----
    Fails when the model stopped short of the least-squares solution (an iterative solver, say): it is told as other
    data. Cost: ``6 n p**2`` flops up to a condition number of some hundreds, two to six times that beyond; after
    ``solver="decimal"`` that of the fit again. Memory of some blocks of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.linear_model import LinearRegression
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 4.0, 5.0])
    >>> inference = infer(LinearRegression().fit(X, y), X, y)
    >>> inference.standard_errors.round(6)
    array([0.264575, 0.141421])
    >>> inference.frame().loc["x0", ["t", "p"]].astype(float).round(4).tolist()
    [9.8995, 0.0101]
    """
    check_is_fitted(model)
    index = X.index if isinstance(X, pd.DataFrame) else None
    target = y.columns[0] if isinstance(y, pd.DataFrame) else getattr(y, "name", None)
    X, y = check_X_y(model, X, y, reset=False, accept_sparse=True, multi_output=True, y_numeric=True)
    weights = None
    if sample_weight is not None:
        weights = check_sample_weight(sample_weight, X, dtype=np.float64, non_negative=True)
    intercept = bool(model.fit_intercept)
    solution = model.solution_
    if y.ndim == 2 and y.shape[1] > 1:
        raise ValueError(f"y has {y.shape[1]} targets: fit a model for each column of y, and infer from each.")
    if solution.solver == NonNegative.name:
        raise ValueError(
            "After positive=True there are no classical standard errors: estimates on the boundary of the allowed "
            "region are not normally distributed. Fit with positive=False, or use the bootstrap."
        )
    if solution.rank < X.shape[1]:
        raise ValueError(f"The fit used {solution.rank} independent directions for {X.shape[1]} features. " + DEPENDENT)
    coefficients = np.ravel(model.coef_).astype(np.float64)
    if intercept:
        coefficients = np.append(np.float64(np.ravel(model.intercept_)[0]), coefficients)
    rows = Rows(X, np.ravel(y), weights, intercept=intercept)
    fit: AccurateFit | DecimalFit
    if solution.solver == Decimal.name:
        fit = DecimalFit(rows, X, np.ravel(y), weights)
        same = fit.is_of(coefficients, model.coef_.dtype)
    else:
        fit = accurate_fit(rows, rows.to_scaled(coefficients))
        same = _is_of(fit, solution.condition, float(np.finfo(model.coef_.dtype).eps) / 2)
    if not same:
        raise ValueError(
            "These are not the data the model was fitted on, or the fit did not reach the least-squares solution: the "
            "residuals are not orthogonal to the columns of X. Pass the X, y and sample_weight that were given to fit."
        )
    features = getattr(model, "feature_names_in_", [f"x{j}" for j in range(X.shape[1])])
    return Inference(
        names=("intercept",) * intercept + tuple(map(str, features)),
        coefficients=coefficients,
        target="y" if target is None else str(target),
        kind="classical",
        remarks=(solution.reason, solution.certificate.sentence),
        model=copy(model),
        index=pd.RangeIndex(X.shape[0]) if index is None else index,
        rows=rows,
        fit=fit,
    )


def _is_of(fit: AccurateFit, condition: float, roundoff: float) -> bool:
    """Tell whether the coefficients are least squares of these data.

    What they fit otherwise is compared with the rounding of the coefficients, and with what a solver leaves.
    """
    size = float(np.sqrt(fit.rows.total_weight)) * (1.0 + float(np.abs(fit.beta.high).sum()))
    residual = float(np.sqrt(np.abs(fit.residual_squares.high)))
    allowed = 64 * roundoff * size + (SETTLED + 8 * condition * UNIT_ROUNDOFF) * residual
    # the total sum of squares takes a pass of its own
    return fit.first_correction <= allowed or fit.first_correction <= allowed + SETTLED * float(
        np.sqrt(fit.total_squares.high)
    )
