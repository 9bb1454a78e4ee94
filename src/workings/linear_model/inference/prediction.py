"""Predictions for new rows, and their standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.arithmetic.error_free import sum_rows, two_product
from workings.arithmetic.slices import power_above
from workings.linear_model.inference.decimals import DecimalFit
from workings.linear_model.inference.precision import AccurateFit
from workings.linear_model.inference.rows import Rows
from workings.linear_model.moments import Floats


def predict_rows(rows: Rows, fit: AccurateFit | DecimalFit, core: Floats, X: Any) -> tuple[Floats, Floats]:
    """Return predictions for new rows and their standard errors, in the units of the target.

    Parameters
    ----------
    rows : Rows
        The data of the fit.
    fit : AccurateFit or DecimalFit
        Of these rows.
    core : ndarray of shape (k, k)
        Covariance of the coefficients in the coordinates of ``fit.basis``.
    X : ndarray or CSR matrix of shape (m, p)
        Checked features of the new rows.

    Returns
    -------
    predictions, standard_errors : ndarray of shape (m,)

    Notes
    -----
    The coordinates of a row, ``q' = x'T``, and its product with the coefficients cancel as far as the columns depend on
    each other; both are computed in more than double arithmetic.
    """
    columns = rows.scaled_columns(X)
    sizes = power_above(np.abs(columns).max(axis=1))
    Q = fit.basis.coordinates(columns / sizes[:, np.newaxis]).high
    errors = np.sqrt(np.einsum("ij,ij->i", Q @ core, Q)) * sizes
    products, rests = two_product(columns, fit.beta.high)
    high, low = sum_rows(products.T)
    means = high + (low + rests.sum(axis=1) + columns @ fit.beta.low)
    return np.ldexp(means, rows.target_exponent), np.ldexp(errors, rows.target_exponent)
