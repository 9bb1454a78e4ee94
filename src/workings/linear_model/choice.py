"""The choice of a solver by the condition of the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from workings.linear_model.certificate import not_proved
from workings.linear_model.decimal import Decimal
from workings.linear_model.descent import ConjugateGradients, GradientDescent, HeavyBall, Nesterov, Stochastic
from workings.linear_model.design import Design
from workings.linear_model.dual import Dual, solve_dual
from workings.linear_model.exact import Exact, attempt_exactly
from workings.linear_model.normal_equations import NormalEquations
from workings.linear_model.qr import QR, solve_triangular
from workings.linear_model.reduction import numerical_rank
from workings.linear_model.solution import Solution, Solver
from workings.linear_model.svd import SVD, solve_least_norm

TOO_FEW_ROWS = not_proved(
    "There are more features than rows: no coefficients are the one right answer, so nothing is proved about those of "
    "least norm."
)


@dataclass(frozen=True)
class Automatic(Solver):
    """Solve with every digit right where there is one right answer, and say what was done where there is none.

    Notes
    -----
    `Exact` where the columns are independent. Beyond what it can prove, `QR`. Where columns depend on each other, or
    outnumber the rows, the coefficients of least norm: `Dual` or `SVD`.
    """

    name: ClassVar[str] = "auto"
    promises_proof: ClassVar[bool] = True

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        if design.wide:
            solution = solve_dual(design) or SVD().solve(design)
            return replace(solution, certificate=TOO_FEW_ROWS)
        attempt = attempt_exactly(design)
        if attempt.solution is not None:
            return attempt.solution
        reduction, spectrum = attempt.reduction, attempt.spectrum
        assert reduction is not None
        assert spectrum is not None
        rank = numerical_rank(spectrum, design.n_rows)
        if rank == len(design.active):
            reason = (
                f"The condition number of the scaled columns is {spectrum[0] / spectrum[-1]:.2g}: the normal "
                "equations would square it, an orthogonal factorisation does not. Coefficients are uncertain in "
                "their last digits; look for columns that nearly repeat or sum to one another."
            )
            certificate = not_proved(
                "The columns are so nearly dependent that double arithmetic finds no approximate inverse to prove "
                "anything with: the coefficients may have no right digit."
            )
            return replace(solve_triangular(design, reduction, spectrum, reason), certificate=certificate)
        reason = (
            f"Only {rank} of {len(design.active)} varying columns are independent, so many coefficients fit equally "
            "well; these have the least norm. Look for columns that repeat or sum to one another, such as an "
            "indicator for every category."
        )
        certificate = not_proved(
            f"Only {rank} of {len(design.active)} varying columns are independent: no coefficients are the one right "
            "answer, so nothing is proved about those of least norm."
        )
        return replace(solve_least_norm(design, reduction, reason), certificate=certificate)


SOLVERS: dict[str, Solver] = {
    solver.name: solver
    for solver in (
        Automatic(),
        Exact(),
        Decimal(),
        NormalEquations(),
        QR(),
        SVD(),
        Dual(),
        GradientDescent(),
        Stochastic(),
        HeavyBall(),
        Nesterov(),
        ConjugateGradients(),
    )
}
