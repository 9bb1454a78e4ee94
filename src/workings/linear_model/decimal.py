"""Least squares of decimal numbers: each float is read as the decimal it was written as, and nothing is rounded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from workings.arithmetic.decimals import decimal_columns, shortest_decimals
from workings.arithmetic.rational import ExactFit, least_squares
from workings.base import is_sparse
from workings.linear_model.certificate import CORRECT_DIGITS, Certificate
from workings.linear_model.design import Design
from workings.linear_model.reduction import reduce_rows
from workings.linear_model.solution import Solution, Solver

MOST_VALUES = 1_000_000
MOST_FEATURES = 100

CERTIFICATE = Certificate(
    method="rational arithmetic",
    proved=True,
    bound=0.0,
    digits=CORRECT_DIGITS,
    sentence="Every coefficient and the intercept are the correct rounding of the exact least-squares answer of the "
    "decimals that the numbers passed in stand for.",
)


@dataclass(frozen=True)
class Decimal(Solver):
    """Solve in rational numbers, each float read as its shortest decimal, and round every coefficient once.

    For data that came from a text file: 0.1 then is one tenth, which no double is. On ill-conditioned data it makes a
    difference: the exact answer for the doubles agrees with that for the decimals in some of the digits only.

    Notes
    -----
    Columns that do not vary get 0, as from the other solvers. The condition number and singular values that the
    solution reports are computed from the doubles.

    Fails when columns depend on each other exactly, which is an error here: no column is dropped. Of no use where the
    numbers were computed, not written down: see `workings.arithmetic.decimals.shortest_decimals`. Powers of another
    column are the exception: a column that is one, to the last bits, is read as that power of the decimals, so that a
    polynomial may be passed as ``x ** np.arange(1, k + 1)``; see `workings.arithmetic.decimals.decimal_columns`.

    Cost: ``n p**2`` products and ``p**3 / 6`` steps of elimination, in integers of 100 bits to p times as many. Data
    of more than 1,000,000 values or 100 features are refused, since they may take longer than some minutes.
    """

    name: ClassVar[str] = "decimal"

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        fit = decimal_fit(design)
        coef, coef_low = np.zeros((2, design.n_features, design.n_targets))
        try:
            coef[design.active] = fit.coef_.T
            intercept = fit.intercept_
        except OverflowError as error:
            raise ValueError(
                "The coefficients are too large for float64: bring X and y to comparable units (divide large columns)."
            ) from error
        for target, row in enumerate(fit.coef):
            coef_low[design.active, target] = [_rounding_error(value) for value in row]
        R = reduce_rows(design).R
        spectrum = np.linalg.svd(R, compute_uv=False)
        with np.errstate(divide="ignore"):
            condition = float(spectrum[0] / spectrum[-1]) if len(spectrum) else 1.0
        return Solution(
            coef=coef,
            coef_low=coef_low,
            solver=self.name,
            reason="Reading each float as its shortest decimal was asked for; rational numbers keep all of them exact.",
            condition=condition,
            rank=fit.rank,
            factor=R * design.lengths,
            exponent=design.top_exponent,
            spectrum_length=min(design.n_samples, design.n_features),
            steps=(("factorisation", {"solver": self.name, "condition": condition, "rank": fit.rank}),),
            certificate=CERTIFICATE,
            intercept=intercept,
            intercept_low=np.array([_rounding_error(value) for value in fit.intercept]),
        )


def decimal_fit(design: Design) -> ExactFit:
    """Return the exact fit of the columns that vary, each float read as its shortest decimal.

    Parameters
    ----------
    design : Design
        The data; dense.

    Returns
    -------
    ExactFit
        With exact coefficients, sums of squared residuals and what standard errors need.

    Raises
    ------
    ValueError
        For sparse data, for too much of it, and for columns that depend on each other exactly.
    """
    X, Y, weights = design.data
    if is_sparse(X):
        raise ValueError("Only a dense X can be read as decimals: pass X.toarray().")
    values = X.shape[0] * (X.shape[1] + Y.shape[1])
    if values > MOST_VALUES or X.shape[1] > MOST_FEATURES:
        raise ValueError(
            f"{values:,} values in {X.shape[1]:,} features would take too long in rational numbers, which take at most "
            f"{MOST_VALUES:,} values and {MOST_FEATURES:,} features: use solver='auto', or fewer rows or columns."
        )
    try:
        return least_squares(
            decimal_columns(X[:, design.active])[0],
            shortest_decimals(Y),
            fit_intercept=design.centred,
            sample_weight=None if weights is None else shortest_decimals(weights),
        )
    except ValueError as error:
        raise ValueError(
            "Columns of X depend on each other exactly when read as decimals, or outnumber the rows, so that many "
            "coefficients fit equally well. Look for columns that repeat or sum to one another, such as an indicator "
            "for every category; solver='auto' gives the coefficients of least norm."
        ) from error


def _rounding_error(value: Fraction) -> float:
    """Return what rounding to double leaves over, rounded."""
    return float(value - Fraction(float(value)))
