"""Limited-memory BFGS: the two-loop recursion with Moré and Thuente's line search."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from numbers import Integral

import numpy as np
import numpy.typing as npt

from workings.optimize.lbfgs_state import LBFGSState
from workings.optimize.limited_memory import Pair, Vector, descent_direction
from workings.optimize.line_search import MoreThuente

Objective = Callable[[Vector], tuple[float, Vector]]

SMALL_GRADIENT = "CONVERGENCE: NORM OF PROJECTED GRADIENT <= PGTOL"
SMALL_DECREASE = "CONVERGENCE: RELATIVE REDUCTION OF F <= FACTR*EPSMCH"
ITERATIONS = "STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT"
EVALUATIONS = "STOP: TOTAL NO. OF F,G EVALUATIONS EXCEEDS LIMIT"
LINE_SEARCH = "ABNORMAL: "
NOT_FINITE = "ABNORMAL: THE OBJECTIVE IS NOT FINITE ALONG THE LINE"

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Minimum:
    """Where a minimisation ended.

    Parameters
    ----------
    state : LBFGSState
        After the last iteration; a minimisation with wider limits can go on from it.
    reason : str
        In the words of the published L-BFGS-B code, so that logs can be compared.
    """

    state: LBFGSState
    reason: str

    @property
    def x(self) -> Vector:
        """The last point, of shape (n,)."""
        return self.state.x

    @property
    def value(self) -> float:
        """The objective at `x`."""
        return self.state.value

    @property
    def gradient(self) -> Vector:
        """The gradient at `x`, of shape (n,)."""
        return self.state.gradient

    @property
    def n_iterations(self) -> int:
        """Iterations done."""
        return self.state.n_iterations

    @property
    def n_evaluations(self) -> int:
        """Evaluations of the objective and its gradient."""
        return self.state.n_evaluations

    @property
    def converged(self) -> bool:
        """Whether the gradient or the last decrease is small enough."""
        return self.reason in (SMALL_GRADIENT, SMALL_DECREASE)

    @property
    def status(self) -> int:
        """0 converged, 1 stopped by a limit, 2 the line search failed."""
        return 0 if self.converged else 1 if self.reason in (ITERATIONS, EVALUATIONS) else 2


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

    Raises
    ------
    ValueError
        If there is no room for one pair, a limit is not a whole number, or a tolerance is negative.

    Notes
    -----
    The first step has length 1, later ones start from the full quasi-Newton step. A line search that fails clears
    the memory and goes on from steepest descent; a second failure ends the minimisation, and the last point from
    which it descended is kept.
    Fails when the objective has kinks (relu): the line search then ends early, and rounding decides between paths.
    Fails when the gradient is not that of the objective, or so large that its square overflows: no step then
    decreases the value as the slope promises, and the reason begins with "ABNORMAL".
    Cost: 8 m n flops and 2 m n numbers of memory for m pairs and n parameters, beside the evaluations.

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

    To go on from where a minimisation was stopped, keep its states:

    >>> states = []
    >>> stopped = LBFGS(max_iterations=1).minimise(bowl, [3.0, 4.0], states.append)
    >>> bool(np.array_equal(LBFGS().minimise(bowl, states[-1]).x, minimum.x))
    True
    """

    gradient_tolerance: float = 1e-5
    decrease_tolerance: float = 1e7 * _EPSILON
    max_iterations: int = 15000
    max_evaluations: int = 15000
    memory: int = 10
    line_search: MoreThuente = field(default_factory=MoreThuente)

    def __post_init__(self) -> None:
        limits = {"memory": self.memory, "max_iterations": self.max_iterations, "max_evaluations": self.max_evaluations}
        for name, limit in limits.items():
            if not (isinstance(limit, Integral) and limit >= (name == "memory")):
                raise ValueError(f"{name} has to be a whole number, at least {int(name == 'memory')}; got {limit!r}.")
        if not (self.gradient_tolerance >= 0 and self.decrease_tolerance >= 0):
            raise ValueError(
                "The tolerances of L-BFGS must not be negative, got "
                f"{self.gradient_tolerance} and {self.decrease_tolerance}."
            )

    def minimise(
        self,
        objective: Objective,
        x0: npt.ArrayLike | LBFGSState,
        watch: Callable[[LBFGSState], object] | None = None,
    ) -> Minimum:
        """Minimise.

        Parameters
        ----------
        objective : callable
            Vector to ``(value, gradient)``. The vector is a new one in each call; the gradient may be a buffer that
            the objective reuses.
        x0 : array-like of shape (n,), or LBFGSState
            Where to start, a number standing for one coordinate; or the state after any iteration of an earlier
            minimisation, to go on from it with the same bits as if that had never stopped.
        watch : callable, optional
            Called with the state after each iteration. Keep the last one to go on after an exception, be it the
            objective's, the watch's own or a KeyboardInterrupt: a state is whole at any time.

        Returns
        -------
        Minimum

        Raises
        ------
        ValueError
            If `x0`, or the objective or its gradient there, is not finite; if the gradient is of another shape.
        """
        state = x0 if isinstance(x0, LBFGSState) else _start(objective, x0)
        while True:
            reason = self._reason_to_stop(state)
            if reason is None:
                state, reason = self._iterate(objective, state)
            if reason is not None:
                return Minimum(state, reason)
            if watch is not None:
                watch(state)

    def _reason_to_stop(self, state: LBFGSState) -> str | None:
        if state.n_iterations >= self.max_iterations:
            return ITERATIONS
        if state.n_evaluations > self.max_evaluations:
            return EVALUATIONS
        if _largest(state.gradient) <= self.gradient_tolerance:
            return SMALL_GRADIENT
        scale = max(abs(state.value_before), abs(state.value), 1.0)
        if state.value_before - state.value <= self.decrease_tolerance * scale:
            return SMALL_DECREASE
        return None

    def _iterate(self, objective: Objective, state: LBFGSState) -> tuple[LBFGSState, str | None]:
        direction = descent_direction(state.pairs, state.gradient)
        line = _Line(objective, state.x, direction)
        slope = float(state.gradient.dot(direction))
        first = 1.0 if state.n_iterations else min(1.0 / _length(direction), self.line_search.longest)
        found = self.line_search.search(line, state.value, slope, first)
        n_evaluations = state.n_evaluations + found.n_evaluations
        if found.failed:
            forgetful = replace(state, pairs=(), n_evaluations=n_evaluations)
            if state.pairs:
                return self._iterate(objective, forgetful)
            return forgetful, LINE_SEARCH if math.isfinite(found.value) else NOT_FINITE
        gradient = line.gradient.copy()
        pairs = state.pairs
        curvature = (found.slope - slope) * found.step
        # a pair without curvature would make H indefinite; the test is L-BFGS-B's
        if curvature > _EPSILON * -slope * found.step:
            direction *= found.step
            newest = Pair(direction, gradient - state.gradient, curvature)
            pairs = (*pairs, newest)[-self.memory :]
        following = LBFGSState(
            line.x, found.value, gradient, state.value, found.step, pairs, state.n_iterations + 1, n_evaluations
        )
        return following, None


def _start(objective: Objective, x0: npt.ArrayLike) -> LBFGSState:
    x = np.array(x0, dtype=np.float64, ndmin=1)
    if x.ndim > 1:
        raise ValueError(f"x0 has shape {x.shape}, but the parameters have to be one vector: flatten them.")
    if not np.isfinite(x).all():
        raise ValueError("x0 is not finite: start from a point without NaN and infinities.")
    value, gradient = _evaluate(objective, x)
    not_finite = int(np.count_nonzero(~np.isfinite(gradient)))
    if not_finite or not math.isfinite(value):
        raise ValueError(
            f"The objective is not finite where the minimisation starts: its value is {value}, and {not_finite} of "
            f"{x.size} components of its gradient are not finite. Start elsewhere, or scale the data it is made of."
        )
    return LBFGSState(x, value, gradient.copy())


def _evaluate(objective: Objective, x: Vector) -> tuple[float, Vector]:
    # a copy: the points are parts of states, whatever the objective does to its argument
    value, gradient = objective(x.copy())
    gradient = np.asarray(gradient, dtype=np.float64)
    if gradient.shape != x.shape:
        raise ValueError(
            f"The gradient has shape {gradient.shape}, but there are {x.size} parameters: the objective has to return "
            f"(value, gradient) with a gradient of shape {x.shape}."
        )
    return float(value), gradient


class _Line:
    """The objective along a direction; keeps the last point and its gradient."""

    def __init__(self, objective: Objective, x: Vector, direction: Vector) -> None:
        self._objective = objective
        self._origin = x
        self._direction = direction
        self.x = x
        self.gradient = direction

    def __call__(self, step: float) -> tuple[float, float]:
        self.x = self._direction * step
        self.x += self._origin
        value, self.gradient = _evaluate(self._objective, self.x)
        return value, float(self.gradient.dot(self._direction))


def _largest(vector: Vector) -> float:
    return float(np.abs(vector).max(initial=0.0))


def _length(vector: Vector) -> float:
    """Return the Euclidean norm, without overflow."""
    largest = _largest(vector)
    scaled = vector / largest
    return largest * math.sqrt(float(scaled.dot(scaled)))
