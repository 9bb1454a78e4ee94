"""Least squares by the normal equations: a Cholesky factorisation of the Gram matrix.

The fastest direct way, and the least forgiving: forming the Gram matrix squares the condition number. One
correction from the residual of the data themselves gives back the digits that this costs, as long as the square of
the condition number leaves the first answer some digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.linear_model.certificate import not_proved
from workings.linear_model.cholesky import GramFactor, factorise
from workings.linear_model.design import Design
from workings.linear_model.dual import Dual
from workings.linear_model.refinement import refine
from workings.linear_model.solution import Solution, Solver

NO_STEPS: tuple[tuple[str, Mapping[str, Any]], ...] = ()
NEGLIGIBLE = 1e-13  # relative error that is not worth another pass over the data


@dataclass(frozen=True)
class NormalEquations(Solver):
    """Solve by the Cholesky factorisation of the centred, scaled Gram matrix: the fast way, without a proof.

    Notes
    -----
    The answer is refined once from the residual of the data, unless the condition number is so small that it cannot
    matter. More features than rows are left to `Dual`, the normal equations of the rows.

    Fails when the condition number of the scaled columns passes about 1e7 (the Gram matrix is then not positive
    definite in double arithmetic), and for dependent columns.

    Cost: one or two passes over X, ``n p**2 + 4 n p k + 4 p**3`` flops, memory of a block of rows and a few ``p * p``.
    Source: Å. Björck, Numerical Methods for Least Squares Problems (1996), sections 2.2 and 6.6.5.
    """

    name: ClassVar[str] = "normal"
    LIMIT: ClassVar[float] = 1e7

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        if design.wide:
            return Dual().solve(design)
        factor = factorise(design.gram)
        if factor is None or factor.condition > self.LIMIT:
            raise ValueError(
                "The normal equations cannot solve this problem: the columns of X are dependent, or so nearly that "
                "squaring their condition number leaves no digits. Use solver='auto', or look for columns that "
                "repeat or sum to one another."
            )
        return solve_factorised(design, factor)


def solve_factorised(design: Design, factor: GramFactor) -> Solution:
    """Return the solution of a design whose Gram matrix has been factorised.

    Parameters
    ----------
    design : Design
        The data.
    factor : GramFactor
        Of ``design.gram``.

    Returns
    -------
    Solution
    """
    rank = len(design.active)
    z, steps = factor.solve(design.cross), NO_STEPS  # OLS.6
    coef_low = np.zeros((design.n_features, design.n_targets))
    ratio = float(design.shifted_lengths.max(initial=0.0)) ** 2
    if factor.condition**2 * ratio * UNIT_ROUNDOFF > NEGLIGIBLE:
        refined = refine(design, z, factor.solve)
        z, coef_low, steps = refined.z, design.unscaled(refined.z_low), refined.steps
    return Solution(
        coef=design.unscaled(z),
        coef_low=coef_low,
        solver=NormalEquations.name,
        reason="The normal equations were asked for.",
        condition=factor.condition,
        rank=rank,
        factor=factor.lower.T * design.lengths,
        exponent=design.top_exponent,
        spectrum_length=min(design.n_samples, design.n_features),
        certificate=not_proved(
            "The normal equations are the fast way: nothing is proved. Use solver='auto' for a proof."
        ),
        steps=(
            ("factorisation", {"solver": NormalEquations.name, "condition": factor.condition, "rank": rank}),
            *steps,
        ),
    )
