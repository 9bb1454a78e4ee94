"""What a descent gets back with: a solution, and how it was reached."""

from __future__ import annotations

from dataclasses import dataclass

from workings.linear_model.descent.theory import DescentTheory
from workings.linear_model.solution import Solution


@dataclass(frozen=True, kw_only=True)
class DescentSolution(Solution):
    """A solution by descent: as close to the minimum as `relative_gradients` say.

    Parameters
    ----------
    coef, coef_low, solver, reason, condition, rank, factor, exponent, spectrum_length : see `Solution`
    certificate, intercept, intercept_low, steps : see `Solution`
        What every solver reports.
    theory : DescentTheory or None
        What was to be expected; None where no feature varies.
    iterations : tuple of int
        Iterations of each target (epochs in stochastic descent).
    relative_gradients : tuple of float
        Norm of each target's last gradient over that of its first.
    converged : bool
        Whether all of them are at most the solver's `tol`.
    """

    theory: DescentTheory | None
    iterations: tuple[int, ...]
    relative_gradients: tuple[float, ...]
    converged: bool
