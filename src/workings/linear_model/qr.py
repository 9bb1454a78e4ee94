"""Least squares by Householder QR, for independent columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np

from workings.linear_model.certificate import not_proved
from workings.linear_model.design import Design
from workings.linear_model.householder import back_substitution
from workings.linear_model.moments import Floats
from workings.linear_model.reduction import Factorisation, Reduction, numerical_rank, reduce_rows, solve_transposed
from workings.linear_model.refinement import refine
from workings.linear_model.solution import Solution, Solver


@dataclass(frozen=True)
class QR(Solver):
    """Solve by a Householder QR factorisation of the centred, scaled columns, with one refinement.

    Parameters
    ----------
    factorisation : {"lapack", "householder"}, default="lapack"
        Who factorises each block of rows: LAPACK, or the reflections written out in `workings.linear_model.householder`
        for the reader. Both are equally accurate; LAPACK is faster.

    Notes
    -----
    Fails when columns depend on each other or outnumber the rows: use `SVD`, or ``"auto"``.
    Cost: two to three times the flops of the normal equations.
    Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms (2002), sections 20.3 and 20.6.
    """

    name: ClassVar[str] = "qr"
    factorisation: Factorisation = "lapack"

    def __post_init__(self) -> None:
        if self.factorisation not in get_args(Factorisation):
            raise ValueError(f"factorisation must be one of {get_args(Factorisation)}, not {self.factorisation!r}.")

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        if not design.wide:
            reduction = reduce_rows(design, factorisation=self.factorisation)
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
        back_substitution(R, reduction.C),
        lambda gradient: back_substitution(R, solve_transposed(R, gradient)),
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
        certificate=not_proved(
            "A QR factorisation in double arithmetic: nothing is proved. Use solver='auto' for a proof."
        ),
        steps=(("factorisation", {"solver": QR.name, "condition": condition, "rank": rank}), *refined.steps),
    )
