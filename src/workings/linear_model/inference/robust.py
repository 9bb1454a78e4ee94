"""Covariances of coefficients that hold where the variances of the errors differ from row to row."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.linear_model.inference.decimals import DecimalFit
from workings.linear_model.inference.precision import AccurateFit
from workings.linear_model.inference.rows import Rows
from workings.linear_model.moments import Floats

RobustKind = Literal["HC0", "HC1", "HC2", "HC3"]
ROBUST_KINDS: tuple[str, ...] = get_args(RobustKind)
LEVERAGE_POWER: dict[str, int] = {"HC0": 0, "HC1": 0, "HC2": 1, "HC3": 2}


def robust_core(rows: Rows, fit: AccurateFit | DecimalFit, kind: RobustKind) -> Floats:
    """Return the covariance of the coefficients in the coordinates of Q, ``M^-1 (sum of d q q') M^-1``.

    Parameters
    ----------
    rows : Rows
        The data.
    fit : AccurateFit or DecimalFit
        Of these rows.
    kind : {"HC0", "HC1", "HC2", "HC3"}
        What stands for the variance d of a row's error: its squared residual; that times ``n / (n - k)``; divided by
        ``1 - h`` with h the row's leverage; or by its square. Of rows multiplied by the roots of their weights.

    Returns
    -------
    ndarray of shape (k, k)

    Raises
    ------
    ValueError
        For another `kind`, and for HC2 and HC3 where a row has leverage 1.

    Notes
    -----
    Cost: a pass over the data of ``9 n k**2`` flops.
    Source: J. G. MacKinnon and H. White, "Some heteroskedasticity-consistent covariance matrix estimators with improved
    finite sample properties", Journal of Econometrics 29 (1985).
    """
    if kind not in ROBUST_KINDS:
        raise ValueError(f"There is no robust covariance {kind!r}; choose from {', '.join(ROBUST_KINDS)}.")
    power = LEVERAGE_POWER[kind]
    filling = np.zeros_like(fit.inverse)
    for block in rows:
        Q, residual = fit.basis.coordinates(block.columns).high, block.residuals(fit.beta).high
        if block.root is not None:
            Q, residual = Q * block.root.high[:, np.newaxis], residual * block.root.high
        squares = residual**2
        if power:
            left = 1.0 - np.einsum("ij,ij->i", Q @ fit.inverse, Q)
            if not (left > 64 * rows.n_columns * UNIT_ROUNDOFF).all():
                raise ValueError(
                    f"{kind} divides by 1 less the leverage, and a row of these data determines a coefficient alone "
                    "(leverage 1). Use HC0 or HC1, or look for the row in inference.influence().leverage."
                )
            squares = squares / left**power
        filling += (Q * squares[:, np.newaxis]).T @ Q
    if kind == "HC1":
        filling *= rows.n_rows / (rows.n_rows - rows.n_columns)
    core: Floats = fit.inverse @ filling @ fit.inverse
    return core
