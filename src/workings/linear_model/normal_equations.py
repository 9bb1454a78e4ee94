"""Least squares by the normal equations: a Cholesky factorisation of the Gram matrix, refined once.

The fastest direct way, and the least forgiving: forming the Gram matrix squares the condition number. One
correction from the residual of the data themselves gives back the digits that this costs, as long as the square of
the condition number leaves the first answer some digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workings.linear_model.design import Design
from workings.linear_model.moments import Floats
from workings.linear_model.refinement import refine
from workings.linear_model.solution import Solution, Solver


@dataclass(frozen=True)
class GramFactor:
    """A Cholesky factorisation of the scaled Gram matrix.

    Parameters
    ----------
    lower : ndarray of shape (q, q)
        Cholesky factor L, ``gram = L L'``.
    inverse : ndarray of shape (q, q)
        Inverse of L.
    condition : float
        Upper estimate of the condition number of the scaled X: the square root of the Gram matrix's in the 1-norm.
    """

    lower: Floats
    inverse: Floats
    condition: float

    def solve(self, right: Floats) -> Floats:
        """Return the solution of ``gram z = right``, shape (q, k)."""
        solved: Floats = self.inverse.T @ (self.inverse @ right)
        return solved


def factorise(gram: Floats) -> GramFactor | None:
    """Return the Cholesky factorisation of a scaled Gram matrix, or None where it is not positive definite.

    Parameters
    ----------
    gram : ndarray of shape (q, q)
        Symmetric, with a diagonal near 1.

    Notes
    -----
    Cost: ``4 q**3`` flops, four arrays of ``q * q``. NumPy has no triangular solve, so L is inverted; the error of
    doing so is of the order of the factorisation's own, since L is only the preconditioner of a refinement.
    """
    try:
        lower = np.linalg.cholesky(gram)  # OLS.7, OLS.8
        inverse = np.linalg.inv(lower)
    except np.linalg.LinAlgError:
        return None
    gram_inverse = inverse.T @ inverse
    square = np.abs(gram).sum(axis=0).max(initial=0.0) * np.abs(gram_inverse).sum(axis=0).max(initial=0.0)
    return GramFactor(lower, inverse, float(np.sqrt(square))) if np.isfinite(square) else None


@dataclass(frozen=True)
class NormalEquations(Solver):
    """Solve by the Cholesky factorisation of the centred, scaled Gram matrix, with one refinement.

    Notes
    -----
    Fails when the condition number of the scaled columns passes about 1e7 (the Gram matrix is then not positive
    definite in double arithmetic), for dependent columns, and for more features than rows.

    Cost: two passes over X, ``n p**2 + 4 n p k + 4 p**3`` flops, memory of a block of rows and a few ``p * p``.
    Source: Å. Björck, Numerical Methods for Least Squares Problems (1996), sections 2.2 and 6.6.5.
    """

    name: ClassVar[str] = "normal"
    LIMIT: ClassVar[float] = 1e7

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        factor = None if design.wide else factorise(design.gram)
        if factor is None or factor.condition > self.LIMIT:
            raise ValueError(
                "The normal equations cannot solve this problem: the columns of X are dependent, or so nearly that "
                "squaring their condition number leaves no digits. Use solver='auto', or look for columns that "
                "repeat or sum to one another."
            )
        return solve_factorised(design, factor, "The normal equations were asked for.")


def solve_factorised(design: Design, factor: GramFactor, reason: str) -> Solution:
    """Return the refined solution of a design whose Gram matrix has been factorised.

    Parameters
    ----------
    design : Design
        The data.
    factor : GramFactor
        Of ``design.gram``.
    reason : str
        Why this solver, for the solution.

    Returns
    -------
    Solution
    """
    refined = refine(design, factor.solve(design.cross), factor.solve, factor.condition)  # OLS.6
    rank = len(design.active)
    return Solution(
        coef=design.unscaled(refined.z),
        coef_low=design.unscaled(refined.z_low),
        solver=NormalEquations.name,
        reason=reason,
        condition=factor.condition,
        rank=rank,
        factor=factor.lower.T * design.lengths,
        exponent=design.top_exponent,
        spectrum_length=min(design.n_samples, design.n_features),
        mean_residual=refined.mean_residual,
        steps=(
            ("factorisation", {"solver": NormalEquations.name, "condition": factor.condition, "rank": rank}),
            *refined.steps,
        ),
    )
