"""The choice of a solver by the condition of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workings.linear_model.design import Design
from workings.linear_model.normal_equations import NormalEquations, factorise, solve_factorised
from workings.linear_model.qr import QR, solve_triangular
from workings.linear_model.reduction import numerical_rank, reduce_rows
from workings.linear_model.solution import Solution, Solver
from workings.linear_model.svd import SVD, solve_least_norm

CHOLESKY_LIMIT = 1e5


@dataclass(frozen=True)
class Automatic(Solver):
    """Solve by the cheapest method that keeps the digits the data allow.

    Notes
    -----
    More features than rows: `SVD`. Otherwise a Cholesky factorisation of the Gram matrix, which also yields an upper
    estimate of the condition number k of the scaled columns. Up to k = 1e5 it is kept: its error of about
    ``k**2 u`` (u = 2^-53) is squared by the refinement to at most 1e-12, below the ``k u`` that QR would leave.
    Beyond, a QR factorisation; and where a singular value of its triangle is no larger than rounding, `SVD`.
    """

    name: ClassVar[str] = "auto"

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        if design.wide:
            return SVD().solve(design)
        factor = factorise(design.gram)
        if factor is not None and factor.condition <= CHOLESKY_LIMIT:
            reason = (
                f"The condition number of the scaled columns is at most {factor.condition:.2g}: the normal equations "
                "with one refinement keep every digit that the data allow."
            )
            return solve_factorised(design, factor, reason)
        reduction = reduce_rows(design)
        spectrum = np.linalg.svd(reduction.R, compute_uv=False)
        rank = numerical_rank(spectrum, design.n_rows)
        if rank == len(design.active):
            reason = (
                f"The condition number of the scaled columns is {spectrum[0] / spectrum[-1]:.2g}: the normal "
                "equations would square it, an orthogonal factorisation does not. Coefficients are uncertain in "
                "their last digits; look for columns that nearly repeat or sum to one another."
            )
            return solve_triangular(design, reduction, spectrum, reason)
        reason = (
            f"Only {rank} of {len(design.active)} varying columns are independent, so many coefficients fit equally "
            "well; these have the least norm. Look for columns that repeat or sum to one another, such as an "
            "indicator for every category."
        )
        return solve_least_norm(design, reduction, reason)


SOLVERS: dict[str, Solver] = {solver.name: solver for solver in (Automatic(), NormalEquations(), QR(), SVD())}
