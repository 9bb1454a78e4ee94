"""The least-squares solvers that are compared, each behind the same two calls: fit, then read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import statsmodels.api as sm
from sklearn import linear_model

import workings

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Contender:
    """One solver.

    Parameters
    ----------
    fit : callable
        Takes X, y and whether the model has an intercept; returns what `estimates` reads. This call is timed.
    estimates : callable
        Takes what `fit` returned; returns the intercept, where there is one, then the coefficients.
    standard_errors : callable, optional
        Takes what `fit` returned, X and y; returns their standard errors in the same order.
    """

    fit: Callable[[Floats, Floats, bool], Any]
    estimates: Callable[[Any], Floats]
    standard_errors: Callable[[Any, Floats, Floats], Floats] | None = None


def _with_ones(X: Floats) -> Floats:
    return np.column_stack([np.ones(len(X)), X])


def _estimates_of_model(model: Any) -> Floats:
    return np.append(model.intercept_, model.coef_) if model.fit_intercept else model.coef_


def _ours(solver: str) -> Contender:
    return Contender(
        fit=lambda X, y, intercept: workings.LinearRegression(fit_intercept=intercept, solver=solver).fit(X, y),
        estimates=_estimates_of_model,
        standard_errors=lambda model, X, y: model.inference(X, y).standard_errors,
    )


def _scikit_learn(**parameters: Any) -> Contender:
    return Contender(
        fit=lambda X, y, intercept: linear_model.LinearRegression(fit_intercept=intercept, **parameters).fit(X, y),
        estimates=_estimates_of_model,
    )


OURS: dict[str, Contender] = {
    "workings": _ours("auto"),
    "workings normal": _ours("normal"),
    "workings qr": _ours("qr"),
}
DECIMAL: dict[str, Contender] = {"workings decimal": _ours("decimal")}

PEERS: dict[str, Contender] = {
    "scikit-learn": _scikit_learn(),
    "numpy lstsq": Contender(
        fit=lambda X, y, intercept: np.linalg.lstsq(_with_ones(X) if intercept else X, y)[0],
        estimates=lambda coef: coef,
    ),
    "statsmodels": Contender(
        fit=lambda X, y, intercept: sm.OLS(y, sm.add_constant(X, has_constant="add") if intercept else X).fit(),
        estimates=lambda results: results.params,
        standard_errors=lambda results, _X, _y: results.bse,
    ),
}
CAREFUL_PEERS: dict[str, Contender] = {"scikit-learn tol=0": _scikit_learn(tol=0)}

EVERYBODY = OURS | DECIMAL | PEERS | CAREFUL_PEERS
