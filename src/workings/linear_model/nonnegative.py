"""Least squares with coefficients that are at least zero: the active-set method of Lawson and Hanson."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.linear_model.certificate import not_proved
from workings.linear_model.cholesky import factorise
from workings.linear_model.design import Design
from workings.linear_model.moments import Floats
from workings.linear_model.normal_equations import NormalEquations
from workings.linear_model.solution import Solution, Solver

Support = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class NonNegative(Solver):
    """Solve with all coefficients at least zero, on the Gram matrix.

    Notes
    -----
    A column enters when the residual still points along it, and leaves when its coefficient would turn negative. At
    the end every coefficient is positive with a gradient of zero, or zero with a gradient that points below zero:
    the conditions of Karush, Kuhn and Tucker, which only the least-squares solution meets. The coefficients of the
    support found are then refined once by the residual of the data.

    Fails when columns are dependent in such a way that several supports fit equally well: one of them is returned.
    Columns whose condition number together passes 1e7 count as dependent.

    Cost: the Gram matrix, then ``4 s**3`` flops for each column that enters, where s is the number chosen so far.
    Source: C. L. Lawson and R. J. Hanson, Solving Least Squares Problems (1974), chapter 23, algorithm NNLS; on the
    Gram matrix as in R. Bro and S. De Jong, Journal of Chemometrics 11 (1997).
    """

    name: ClassVar[str] = "nonnegative"

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        gram, cross = design.gram, design.cross
        z = np.zeros_like(cross)
        steps: list[tuple[str, dict[str, Any]]] = []
        for target in range(design.n_targets):
            for state in active_set(gram, cross[:, target]):
                z[:, target] = state.z
                steps.append(("nonnegative", {"target": target, **state.summary()}))
        correction = _correction(design, gram, z)
        refined = z + correction
        factor = factorise(gram)
        size = float(np.linalg.norm(refined))
        condition = np.inf if factor is None else factor.condition
        chosen = int(np.count_nonzero((refined > 0).any(axis=1)))
        steps.append(("factorisation", {"solver": self.name, "condition": condition, "rank": chosen}))
        steps.append(("refinement", {"correction": float(np.linalg.norm(correction)) / size if size else 0.0}))
        return Solution(
            coef=design.unscaled(refined),
            coef_low=design.unscaled((z - refined) + correction),
            solver=self.name,
            reason="Coefficients were to be at least zero; those that are zero would lower the fit if positive.",
            condition=condition,
            rank=chosen,
            factor=np.empty((0, 0)),
            exponent=0,
            spectrum_length=0,
            certificate=not_proved("Which coefficients are zero is decided in double arithmetic: nothing is proved."),
            steps=tuple(steps),
        )


@dataclass(frozen=True)
class ActiveSetState:
    """Where the active-set method stands after one column has entered.

    Parameters
    ----------
    z : ndarray of shape (q,)
        Coefficients of the scaled columns, best for their support.
    support : ndarray of shape (q,) of bool
        Columns with a positive coefficient.
    gradient : ndarray of shape (q,)
        Products of the columns with the residual.
    gain : float
        How much the fit lowers half the sum of squares.
    entered : int
        The column that entered, or -1 at the start.
    left : int
        How many columns left.
    """

    z: Floats
    support: Support
    gradient: Floats
    gain: float
    entered: int
    left: int

    def summary(self) -> dict[str, float | int]:
        """Return the scalars of this step for the flight recorder."""
        outside = self.gradient[~self.support]
        return {
            "entered": self.entered,
            "left": self.left,
            "support": int(self.support.sum()),
            "gain": self.gain,
            "largest_gradient": float(outside.max(initial=0.0)),
        }


def active_set(gram: Floats, cross: Floats) -> Iterator[ActiveSetState]:
    """Yield the states of Lawson and Hanson's method, from all zeros to the solution.

    Parameters
    ----------
    gram : ndarray of shape (q, q)
        Gram matrix with a diagonal near 1.
    cross : ndarray of shape (q,)
        Products of the columns with the target.

    Yields
    ------
    ActiveSetState

    Notes
    -----
    Each state gains strictly more than the one before, in floating-point numbers too, so no support comes twice
    and the method ends.
    """
    q = len(cross)
    state = ActiveSetState(np.zeros(q), np.zeros(q, dtype=bool), cross, 0.0, -1, 0)
    yield state
    barred = np.zeros(q, dtype=bool)
    while True:
        rounding = 16 * q * UNIT_ROUNDOFF * (np.abs(cross) + np.abs(gram) @ state.z)
        wanted = ~state.support & ~barred & (state.gradient > rounding)
        if not wanted.any():
            return
        column = int(np.argmax(np.where(wanted, state.gradient, -np.inf)))
        entered = _enter(gram, cross, state, column)
        if entered is None:
            barred[column] = True
        else:
            state = entered
            barred[:] = False
            yield state


def _enter(gram: Floats, cross: Floats, state: ActiveSetState, column: int) -> ActiveSetState | None:
    """Let a column enter; None where it depends on the support or rounding makes it gain nothing."""
    support, z = state.support.copy(), state.z
    support[column] = True
    best = _best(gram, cross, support)
    if best is None or best[column] <= 0:
        return None
    while (best[support] <= 0).any():
        blocking = support & (best <= 0)
        step = np.min(z[blocking] / (z[blocking] - best[blocking]))
        z = z + step * (best - z)
        support &= ~(blocking & (z <= UNIT_ROUNDOFF * np.abs(best)))
        z = np.where(support, z, 0.0)
        best = _best(gram, cross, support)
        if best is None:
            return None
    gain = float(cross @ best) / 2
    if not gain > state.gain:
        return None
    left = int(state.support.sum()) + 1 - int(support.sum())
    return ActiveSetState(best, support, cross - gram @ best, gain, column, left)


def _best(gram: Floats, cross: Floats, support: Support) -> Floats | None:
    """Return the unconstrained solution on a support, or None where its columns are dependent."""
    factor = factorise(gram[np.ix_(support, support)])
    if factor is None or factor.condition > NormalEquations.LIMIT:
        return None
    best = np.zeros(len(cross))
    best[support] = factor.solve(cross[support, np.newaxis])[:, 0]
    return best


def _correction(design: Design, gram: Floats, z: Floats) -> Floats:
    """Return one residual correction of each target on its support, or zero where it would leave the support."""
    correction = np.zeros_like(z)
    gradient, _ = design.gradient(z)
    for target in range(z.shape[1]):
        support = z[:, target] > 0
        step = _best(gram, gradient[:, target], support)
        if step is not None and (z[support, target] + step[support] > 0).all():
            correction[:, target] = step
    return correction
