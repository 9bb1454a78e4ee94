"""Least squares with more features than rows: the normal equations of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from workings.linear_model.certificate import not_proved
from workings.linear_model.cholesky import CHOLESKY_LIMIT, factorise
from workings.linear_model.solution import Solution, Solver

if TYPE_CHECKING:
    from workings.linear_model.design import Design


@dataclass(frozen=True)
class Dual(Solver):
    """Find the coefficients of least norm among all that fit the rows exactly, by a Cholesky factorisation.

    Notes
    -----
    Coefficients of least norm are a combination ``A'a`` of the rows, so ``A A' a = y``: as many equations as rows.
    Centring takes one direction u from the rows, the one of equal entries; ``A A' + t u u'`` puts it back without
    changing the answer, because the centred y has no part along u.

    Fails when rows depend on each other, or have a condition number beyond 1e5: use `SVD`.

    The answer is refined once by the residual of the data.

    Cost: ``n**2 p + 3 n**3`` flops and a copy of X.
    Source: Å. Björck, Numerical Methods for Least Squares Problems (1996), section 1.1.4.
    """

    name: ClassVar[str] = "dual"

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        solution = solve_dual(design) if design.wide else None
        if solution is None:
            raise ValueError(
                "The normal equations of the rows cannot solve this problem: there are fewer features than rows, or "
                "rows depend on each other. Use solver='auto' or 'svd'."
            )
        return solution


def solve_dual(design: Design) -> Solution | None:
    """Return the solution of least norm of a wide design, or None where its rows are nearly dependent.

    Parameters
    ----------
    design : Design
        With more features than rows.

    Returns
    -------
    Solution or None
    """
    A, B = design.whole()
    rows = A @ A.T
    size = float(rows.trace()) / len(rows)
    if not size > 0.0:
        return None
    direction: Any = 0.0
    if design.centred:
        direction = design.row_roots / np.sqrt(design.weight)
        rows += np.multiply.outer(size * direction, direction)
    rows *= 1 / size
    factor = factorise(rows)
    if factor is None or factor.condition > CHOLESKY_LIMIT:
        return None
    z = A.T @ (factor.solve(B) / size)
    z += A.T @ (factor.solve(B - A @ z) / size)
    rank = len(rows) - int(design.centred)
    lower = factor.lower
    lower *= np.sqrt(size)
    if design.centred:
        lower -= np.multiply.outer(direction, direction @ lower)
    coef = design.unscaled(z * design.lengths[:, np.newaxis])
    return Solution(
        coef=coef,
        coef_low=np.zeros_like(coef),
        solver=Dual.name,
        reason="There are more features than rows, so many coefficients fit equally well; these have the least norm.",
        condition=factor.condition,
        rank=rank,
        factor=lower,
        exponent=design.top_exponent,
        spectrum_length=min(design.n_samples, design.n_features),
        certificate=not_proved("The normal equations of the rows are the fast way: nothing is proved."),
        steps=(("factorisation", {"solver": Dual.name, "condition": factor.condition, "rank": rank}),),
    )
