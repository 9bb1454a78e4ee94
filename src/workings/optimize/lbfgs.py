"""Limited-memory BFGS: the two-loop recursion with Moré and Thuente's line search."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.optimize.line_search import MoreThuente

Vector = npt.NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector]]

SMALL_GRADIENT = "CONVERGENCE: NORM OF PROJECTED GRADIENT <= PGTOL"
SMALL_DECREASE = "CONVERGENCE: RELATIVE REDUCTION OF F <= FACTR*EPSMCH"
ITERATIONS = "STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT"
EVALUATIONS = "STOP: TOTAL NO. OF F,G EVALUATIONS EXCEEDS LIMIT"
LINE_SEARCH = "ABNORMAL: "


@dataclass(frozen=True)
class Minimum:
    """Where a minimisation ended.

    Parameters
    ----------
    x : ndarray of shape (n,)
    value : float
        The objective at `x`.
    gradient : ndarray of shape (n,)
    reason : str
        In the words of the published L-BFGS-B code, so that logs can be compared.
    n_iterations, n_evaluations : int
    """

    x: Vector
    value: float
    gradient: Vector
    reason: str
    n_iterations: int
    n_evaluations: int

    @property
    def converged(self) -> bool:
        """Whether the gradient or the last decrease is small enough."""
        return self.reason in (SMALL_GRADIENT, SMALL_DECREASE)

    @property
    def status(self) -> int:
        """0 converged, 1 stopped by a limit, 2 the line search failed."""
        return 0 if self.converged else 2 if self.reason == LINE_SEARCH else 1


class Memory:
    """The last pairs of steps and gradient differences, which stand for the inverse Hessian.

    Parameters
    ----------
    size : int
        Pairs to keep.
    """

    def __init__(self, size: int) -> None:
        self._pairs: deque[tuple[Vector, Vector, float]] = deque(maxlen=size)

    def __len__(self) -> int:
        return len(self._pairs)

    def clear(self) -> None:
        """Forget all pairs."""
        self._pairs.clear()

    def add(self, step: Vector, difference: Vector, curvature: float) -> None:
        """Remember a pair with ``curvature = step · difference > 0``."""
        self._pairs.append((step, difference, curvature))

    def direction(self, gradient: Vector) -> Vector:
        """Return -H g by the two-loop recursion (Nocedal and Wright, algorithm 7.4), 4 m n flops for m pairs."""
        q = -gradient
        shares: list[float] = []
        for step, difference, curvature in reversed(self._pairs):
            share = float(step @ q) / curvature
            q -= share * difference
            shares.append(share)
        if self._pairs:
            _, difference, curvature = self._pairs[-1]
            q *= curvature / float(difference @ difference)  # equation 7.20
        for (step, difference, curvature), share in zip(self._pairs, reversed(shares), strict=True):
            q += (share - float(difference @ q) / curvature) * step
        return q


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS without bounds, with the stopping rules of the L-BFGS-B code.

    Parameters
    ----------
    gradient_tolerance : float, default=1e-5
        Stop when no component of the gradient is larger.
    decrease_tolerance : float, default=1e7 machine epsilons
        Stop when an iteration lowers f by no more than this times ``max(|f_before|, |f|, 1)``.
    max_iterations, max_evaluations : int, default=15000
        Looked at after each whole iteration, so that the number of evaluations can exceed its limit.
    memory : int, default=10
        Pairs of steps and gradient differences.
    line_search : MoreThuente

    Notes
    -----
    The first step has length 1, later ones start from the full quasi-Newton step. A line search that fails clears
    the memory and goes on from steepest descent; a second failure ends the minimisation.
    Fails when the objective has kinks (relu): the line search then ends early, and rounding decides between paths.
    Cost: 4 m n flops and 2 m n numbers of memory for m pairs and n parameters, beside the evaluations.

    Source: Nocedal and Wright, "Numerical Optimization", 2nd edition, section 7.2; Byrd, Lu, Nocedal and Zhu, "A
    limited memory algorithm for bound constrained optimization", SIAM Journal on Scientific Computing 16 (1995), for
    the stopping rules and the test of the curvature.

    Examples
    --------
    >>> import numpy as np
    >>> def bowl(x): return float(x @ x), 2 * x
    >>> minimum = LBFGS().minimise(bowl, np.array([3.0, 4.0]))
    >>> minimum.converged, bool(np.abs(minimum.x).max() < 1e-6)
    (True, True)
    """

    gradient_tolerance: float = 1e-5
    decrease_tolerance: float = 1e7 * float(np.finfo(np.float64).eps)
    max_iterations: int = 15000
    max_evaluations: int = 15000
    memory: int = 10
    line_search: MoreThuente = field(default_factory=MoreThuente)

    def minimise(self, objective: Objective, x0: npt.ArrayLike, watch: Callable[..., None] | None = None) -> Minimum:
        """Minimise.

        Parameters
        ----------
        objective : callable
            Vector to ``(value, gradient)``; has to return a gradient of its own, not a buffer that it reuses.
        x0 : array-like of shape (n,)
        watch : callable, optional
            Called after each iteration with keywords ``iteration, value, gradient, step``.

        Returns
        -------
        Minimum
        """
        x = np.array(x0, dtype=np.float64)
        value, gradient = objective(x)
        memory = Memory(self.memory)
        iterations, evaluations = 0, 1
        if _largest(gradient) <= self.gradient_tolerance:
            return Minimum(x, value, gradient, SMALL_GRADIENT, iterations, evaluations)
        while True:
            direction = memory.direction(gradient)
            line = _Line(objective, x, direction)
            slope = float(gradient @ direction)
            first = 1.0 if iterations else min(1.0 / float(np.sqrt(direction @ direction)), self.line_search.longest)
            found = self.line_search.search(line, value, slope, first)
            evaluations += found.n_evaluations
            if found.failed:
                if not memory:
                    return Minimum(x, value, gradient, LINE_SEARCH, iterations, evaluations)
                memory.clear()
                continue
            before, x, gradient_before = value, line.x, gradient
            value, gradient = found.value, line.gradient
            iterations += 1
            if watch is not None:
                watch(iteration=iterations, value=value, gradient=gradient, step=found.step)
            reason = self._reason(before, value, gradient, iterations, evaluations)
            if reason is not None:
                return Minimum(x, value, gradient, reason, iterations, evaluations)
            curvature = (found.slope - slope) * found.step
            # a pair without curvature would make H indefinite; the test is L-BFGS-B's
            if curvature > np.finfo(np.float64).eps * -slope * found.step:
                memory.add(found.step * direction, gradient - gradient_before, curvature)

    def _reason(self, before: float, value: float, gradient: Vector, iterations: int, evaluations: int) -> str | None:
        if iterations >= self.max_iterations:
            return ITERATIONS
        if evaluations > self.max_evaluations:
            return EVALUATIONS
        if _largest(gradient) <= self.gradient_tolerance:
            return SMALL_GRADIENT
        if before - value <= self.decrease_tolerance * max(abs(before), abs(value), 1.0):
            return SMALL_DECREASE
        return None


class _Line:
    """The objective along a direction; keeps the last point and its gradient."""

    def __init__(self, objective: Objective, x: Vector, direction: Vector) -> None:
        self._objective = objective
        self._origin = x
        self._direction = direction
        self.x = x
        self.gradient: Any = None

    def __call__(self, step: float) -> tuple[float, float]:
        self.x = self._origin + step * self._direction
        value, self.gradient = self._objective(self.x)
        return float(value), float(self.gradient @ self._direction)


def _largest(gradient: Vector) -> float:
    return float(np.abs(gradient).max(initial=0.0))
