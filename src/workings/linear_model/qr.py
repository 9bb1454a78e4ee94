"""Least squares by Householder QR, for independent columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workings.linear_model.design import Design
from workings.linear_model.moments import Floats
from workings.linear_model.reduction import Reduction, numerical_rank, reduce_rows, solve_transposed
from workings.linear_model.refinement import refine
from workings.linear_model.solution import Solution, Solver


@dataclass(frozen=True)
class QR(Solver):
    """Solve by a Householder QR factorisation of the centred, scaled columns, with one refinement.

    Notes
    -----
    Fails when columns depend on each other or outnumber the rows: use `SVD`, or ``"auto"``.
    Cost: two to three times the flops of the normal equations.
    Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms (2002), sections 20.3 and 20.6.
    """

    name: ClassVar[str] = "qr"

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        if not design.wide:
            reduction = reduce_rows(design)
            spectrum = np.linalg.svd(reduction.R, compute_uv=False)
            if numerical_rank(spectrum, design.n_rows) == len(design.active):
                return solve_triangular(design, reduction, spectrum, "A QR factorisation was asked for.")
        raise ValueError(
            "A QR factorisation cannot solve this problem: the columns of X are dependent, or there are more of them "
            "than rows, so that many coefficients fit equally well. Use solver='svd' for those of least norm."
        )


def solve_triangular(design: Design, reduction: Reduction, spectrum: Floats, reason: str) -> Solution:
    """Return the refined solution from a nonsingular triangle.

    Parameters
    ----------
    design : Design
        The data.
    reduction : Reduction
        Of the design.
    spectrum : ndarray of shape (q,)
        Singular values of ``reduction.R``, largest first.
    reason : str
        Why this solver, for the solution.

    Returns
    -------
    Solution
    """
    R = reduction.R
    condition = float(spectrum[0] / spectrum[-1]) if len(spectrum) else 1.0
    refined = refine(
        design,
        np.linalg.solve(R, reduction.C),  # OLS.10
        lambda gradient: np.linalg.solve(R, solve_transposed(R, gradient)),
        condition,
    )
    rank = len(design.active)
    return Solution(
        coef=design.unscaled(refined.z),
        coef_low=design.unscaled(refined.z_low),
        solver=QR.name,
        reason=reason,
        condition=condition,
        rank=rank,
        factor=R * design.lengths,
        exponent=design.top_exponent,
        spectrum_length=min(design.n_samples, design.n_features),
        mean_residual=refined.mean_residual,
        steps=(("factorisation", {"solver": QR.name, "condition": condition, "rank": rank}), *refined.steps),
    )
