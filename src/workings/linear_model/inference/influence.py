"""What each row does to a least-squares fit: leverage, studentised residuals, and the effects of leaving it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from workings.base import UndefinedMetricWarning, check_array, check_sample_weight, warn
from workings.linear_model.inference.deletion import leave_out
from workings.linear_model.inference.orthogonal import Columns, feature_labels, model_columns
from workings.linear_model.moments import Floats

SAME = 1e-6
"""How far the standard deviation may be, relatively, from that of the residuals passed with it."""

SHOWN = 5
"""How many rows a remark names."""


@dataclass(frozen=True)
class Influence:
    """What each row does to a least-squares fit.

    Parameters
    ----------
    residuals : ndarray of shape (n,)
        Observed minus fitted values, in the unit of y.
    leverage : ndarray of shape (n,)
        Diagonal of the hat matrix, between 0 and 1; their sum is the number of coefficients. 0 for a row of weight 0.
    internally_studentized : ndarray of shape (n,)
        Residuals divided by their standard errors, ``sqrt(w) e / (s sqrt(1 - h))``; "standardised" elsewhere.
    externally_studentized : ndarray of shape (n,)
        The same with the residual standard deviation of the fit without the row: each has a t distribution with
        n - p - 1 degrees of freedom, where errors are normal. About 1e16, instead of infinity, where the other rows
        fit exactly.
    deletion_sd : ndarray of shape (n,)
        That standard deviation.
    cooks_distance : ndarray of shape (n,)
        How far all fitted values move when the row is left out, squared, in units of p times the residual variance.
    dffits : ndarray of shape (n,)
        How far the row's own fitted value moves, in units of its standard error without the row.
    dfbetas : ndarray of shape (n, p)
        How far each coefficient moves, in units of its standard error with the `deletion_sd`; a column an entry of
        `coefficients`.
    press_residuals : ndarray of shape (n,)
        Observed values minus predictions by the fit without the row, ``e / (1 - h)``, in the unit of y.
    press : float
        Weighted sum of squares of these.
    coefficients : tuple of str
        What the columns of `dfbetas` belong to.
    constant : tuple of str
        Features that are constant. The fit gives them the coefficient 0; they have no part in anything here.
    remarks : tuple of str
        A sentence for each quantity that is not defined, and therefore NaN; empty as a rule.
    index : Index
        Labels of the rows.

    Notes
    -----
    Readings in use, none of which is applied here: leverage above ``2 p / n``, externally studentised residuals
    beyond 2, DFFITS beyond ``2 sqrt(p / n)`` and DFBETAS beyond ``2 / sqrt(n)`` (Belsley, Kuh and Welsch); Cook's
    distance above the median of F(p, n - p) (Cook).

    Fails when several rows hide each other: everything here leaves out one row at a time.
    Sources: D. A. Belsley, E. Kuh and R. E. Welsch, Regression Diagnostics (1980), section 2.1; R. D. Cook, "Detection
    of influential observation in linear regression", Technometrics 19 (1977), equation 5.
    """

    residuals: Floats = field(repr=False)
    leverage: Floats = field(repr=False)
    internally_studentized: Floats = field(repr=False)
    externally_studentized: Floats = field(repr=False)
    deletion_sd: Floats = field(repr=False)
    cooks_distance: Floats = field(repr=False)
    dffits: Floats = field(repr=False)
    dfbetas: Floats = field(repr=False)
    press_residuals: Floats = field(repr=False)
    press: float
    coefficients: tuple[str, ...]
    constant: tuple[str, ...]
    remarks: tuple[str, ...]
    index: pd.Index[Any] = field(repr=False)

    def frame(self) -> pd.DataFrame:
        """Return a row for each observation.

        Returns
        -------
        DataFrame
            Columns named as the attributes, then ``dfbetas_`` and the name of each coefficient.
        """
        return pd.DataFrame(
            {
                "residual": self.residuals,
                "leverage": self.leverage,
                "internally_studentized": self.internally_studentized,
                "externally_studentized": self.externally_studentized,
                "cooks_distance": self.cooks_distance,
                "dffits": self.dffits,
                "press_residual": self.press_residuals,
            }
            | {f"dfbetas_{name}": column for name, column in zip(self.coefficients, self.dfbetas.T, strict=True)},
            index=self.index,
        )


def influence(X: Any, residuals: Any, sd: float, weights: Any = None, *, fit_intercept: bool = True) -> Influence:
    """Return what each row does to a least-squares fit of one target.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n, p)
        Features; column names and index label the result.
    residuals : array-like of shape (n,)
        Observed minus fitted values.
    sd : float
        Residual standard deviation: the root of the weighted sum of squared residuals by its degrees of freedom, rows
        of positive weight less coefficients. 0 says that the fit is exact.
    weights : array-like of shape (n,) or number, optional
        Non-negative, as in the fit: inversely proportional to the variances of the errors. A row of weight 0 is no
        part of the fit: its leverage is 0, it moves nothing, and its PRESS residual is its residual.
    fit_intercept : bool, default=True
        Whether the model has an intercept.

    Returns
    -------
    Influence

    Raises
    ------
    ValueError
        If the columns depend on each other, if there are no more rows than coefficients, if the shapes do not match,
        or if `sd` is not that of the residuals.

    Warns
    -----
    UndefinedMetricWarning
        For each sentence in `Influence.remarks`: a row alone determines a coefficient (leverage 1), so that nothing is
        known about the fit without it; the fit is exact, so that there is no standard deviation to divide by; or one
        row less leaves no degrees of freedom. What is undefined is NaN.

    Notes
    -----
    Leverages are squared lengths of the rows of an orthonormal basis of the columns; the inverse of ``X'X`` is never
    formed. Where ``1 - h``, or the residual sum of squares without the row, is a small difference of nearly equal
    numbers, both are taken from the row's residual of a unit vector instead, which keeps twice the digits. Neither
    offsets nor units nor the condition number of the columns cost digits.

    Fails when columns depend on each other up to rounding, beyond a condition number of about 1e15.
    Cost: about ``30 n p**2`` flops; about six arrays of the size of X.
    Source: D. A. Belsley, E. Kuh and R. E. Welsch, Regression Diagnostics (1980), equations 2.1 to 2.15 and 2.44.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [5.0]])
    >>> y = np.array([0.0, 1.0, 1.0, 4.0])
    >>> fitted = -0.1428571428571428 + 0.8214285714285714 * X[:, 0]
    >>> influence(X, y - fitted, float(np.sqrt(np.sum((y - fitted) ** 2) / 2))).leverage.round(4)
    array([0.5357, 0.3214, 0.25  , 0.8929])
    """
    array = check_array(X)
    e = check_array(residuals, name="residuals", dtype=(np.float64,), ensure_2d=False)
    if e.shape != (len(array),):
        raise ValueError(f"residuals have the shape {e.shape}; one target, and so {(len(array),)}, was expected.")
    if weights is not None:
        weights = check_sample_weight(weights, array)
    columns = model_columns(array, weights, fit_intercept=fit_intercept)
    freedom = _degrees_of_freedom(columns)
    Q, T = columns.orthonormal(np.linalg.norm(columns.centred_triangle, axis=0))
    roots = np.ones(len(array)) if weights is None else np.sqrt(weights)
    roots = roots[columns.rows]
    weighted = roots * e[columns.rows]
    _require_standard_deviation(sd, float(np.linalg.norm(weighted / np.sqrt(freedom))))
    rows = leave_out(Q, weighted, sd, freedom)
    with np.errstate(divide="ignore", invalid="ignore"):
        leverage = 1 - np.nan_to_num(rows.left)
        internal = rows.scaled / np.sqrt(rows.left)
        external = internal / rows.ratio
        dffits = external * np.sqrt(leverage / rows.left)
        directions = Q @ (T / np.linalg.norm(T, axis=1, keepdims=True)).T
        dfbetas = directions * (external / np.sqrt(rows.left))[:, np.newaxis]

    def placed(values: Floats, elsewhere: Floats | float = 0.0) -> Floats:
        full = np.zeros((len(array), *values.shape[1:])) + elsewhere
        full[columns.rows] = values
        return full

    labels = feature_labels(X, array.shape[1])
    index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(array))
    active = columns.active.tolist()
    result = Influence(
        residuals=e,
        leverage=placed(leverage),
        internally_studentized=placed(internal),
        externally_studentized=placed(external),
        deletion_sd=placed(sd * rows.ratio, elsewhere=sd),
        cooks_distance=placed(internal**2 * leverage / rows.left / len(T)),
        dffits=placed(dffits),
        dfbetas=placed(dfbetas),
        press_residuals=placed(rows.prediction_errors / roots, elsewhere=e),
        press=float(rows.prediction_errors @ rows.prediction_errors),
        coefficients=("intercept",) * fit_intercept + tuple(labels[j] for j in active),
        constant=tuple(label for j, label in enumerate(labels) if j not in active),
        remarks=tuple(_remarks(index[columns.rows[np.isnan(rows.left)]], sd, freedom)),
        index=index,
    )
    for remark in result.remarks:
        warn(UndefinedMetricWarning, remark)
    return result


def _degrees_of_freedom(columns: Columns) -> int:
    if not columns.independent:
        raise ValueError(
            "The columns of X depend on each other, so that no coefficient's own influence is determined: ask for the "
            "collinearity of X, which names the columns involved, and leave one of them out."
        )
    coefficients = len(columns.active) + columns.intercept
    freedom = len(columns.rows) - coefficients
    if freedom == 0:
        raise ValueError(
            f"There are {coefficients} coefficients and as many rows of positive weight, so that the residuals are 0 "
            "whatever the data: more rows are needed."
        )
    return freedom


def _require_standard_deviation(sd: float, expected: float) -> None:
    if sd != 0 and not abs(sd - expected) <= SAME * expected:
        raise ValueError(
            f"sd={sd!r} is not the standard deviation of these residuals, {expected!r}: pass the root of their "
            "weighted sum of squares divided by its degrees of freedom, or 0 for an exact fit."
        )


def _remarks(alone: pd.Index[Any], sd: float, freedom: int) -> Iterator[str]:
    if len(alone):
        shown = ", ".join(map(str, alone[:SHOWN])) + (", ..." if len(alone) > SHOWN else "")
        yield (
            f"{len(alone)} row(s) determine a coefficient alone (leverage 1): {shown}. Without such a row there is no "
            "fit to compare with, so everything but its leverage and its residual is NaN, and so is PRESS."
        )
    if sd == 0:
        yield (
            "The fit is exact: the residual standard deviation is 0, so that studentised residuals, Cook's distances, "
            "DFFITS and DFBETAS are NaN."
        )
    if freedom == 1:
        yield (
            "The fit without a row has no degrees of freedom left, so that externally studentised residuals, DFFITS "
            "and DFBETAS are NaN."
        )
